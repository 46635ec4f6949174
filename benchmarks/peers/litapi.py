"""LitServe with an ONNX model of ours: python -m benchmarks.peers.litapi MODEL.onnx PORT

It takes features that are encoded already, and gives quantities. (LitServe reads the annotations of decode_request, and
takes one that is a text for a query.)
"""

import sys
from typing import Any

import litserve
import numpy as np
import onnxruntime

TYPES = {"tensor(float)": np.float32, "tensor(int32)": np.int32, "tensor(int64)": np.int64}


class Forecasts(litserve.LitAPI):
    def setup(self, device: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
        self.types = {each.name: TYPES[each.type] for each in self.session.get_inputs()}

    def decode_request(self, request):
        return {name: np.asarray(request[name], kind) for name, kind in self.types.items()}

    def predict(self, x: dict[str, Any]) -> Any:
        return np.expm1(self.session.run(None, x)[0])

    def encode_response(self, output: Any) -> dict[str, Any]:
        return {"quantities": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Forecasts(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), log_level="error", generate_client_file=False)
