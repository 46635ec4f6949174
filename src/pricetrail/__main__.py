"""``python -m pricetrail``."""

from pricetrail.cli.main import main

main()
