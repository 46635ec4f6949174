"""What the first stage's peers tell alike: the groups whose history a line has, and what is no product."""

NO_PRODUCT = r"^(?:POST|DOT|M|D|S|BANK CHARGES|AMAZONFEE|CRUK|PADS|B|C2|TEST.*|GIFT.*)$"
HISTORIES = {
    "product": ["stockcode"],
    "tier": ["stockcode", "unitprice"],
    "channel": ["stockcode", "is_registered"],
    "channel_tier": ["stockcode", "unitprice", "is_registered"],
    "customer": ["customerid"],
    "repeat": ["customerid", "stockcode"],
    "level": ["customerid", "band"],
    "same_price": ["customerid", "unitprice"],
}
