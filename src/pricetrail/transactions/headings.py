"""The standard columns, and the headings under which they usually come.

Headings are compared by their letters and digits alone; the most telling come first, those of the public
data sets Online Retail I and II among them, then those that web shops and tills export.
"""

from __future__ import annotations

import re

from pricetrail.params import Standard


def plain(name: str) -> str:
    """The letters and digits of a heading, in lower case."""
    return re.sub(r"[\W_]", "", name.lower())


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STANDARD: tuple[Standard, ...] = (
    "invoiceno",
    "stockcode",
    "description",
    "quantity",
    "invoicedate",
    "unitprice",
    "customerid",
    "country",
)
REQUIRED: dict[str, tuple[Standard, ...]] = {
    "lines": ("invoiceno", "stockcode", "quantity", "invoicedate", "unitprice"),
    "weekly": ("stockcode", "quantity", "invoicedate", "unitprice"),
}
USUAL: dict[Standard, tuple[str, ...]] = {
    "invoiceno": _words(
        """invoiceno invoice invoicenumber invoiceid orderid orderno ordernumber order transactionid
        transactionno transaction salesorderid salesorder receiptid receiptno receipt basketid basket
        documentno"""
    ),
    "stockcode": _words(
        """stockcode sku lineitemsku itemsku productsku productcode productid productno product itemcode
        itemid itemno item articleno articleid article materialno upc ean gtin asin"""
    ),
    "description": _words(
        """description productname productdescription producttitle itemname itemdescription lineitemname title
        articlename name"""
    ),
    "quantity": _words(
        """quantity qty lineitemquantity itemquantity orderquantity orderqty orderedquantity quantityordered
        quantitysold qtysold unitssold salesunits units unit"""
    ),
    "invoicedate": _words(
        """invoicedate invoicedatetime orderdate orderdatetime ordertime orderedat orderpurchasetimestamp
        transactiondate transactiontime purchasedate saledate salesdate datetime date timestamp createdat
        paidat"""
    ),
    "unitprice": _words(
        """unitprice price lineitemprice itemprice priceperunit priceeach pricepaid sellingprice saleprice
        salesprice itemcost"""
    ),
    "customerid": _words(
        """customerid customer customerno customernumber customercode custid clientid userid customeruserid
        buyerid memberid cardid householdid householdkey"""
    ),
    "country": _words(
        """country countryname billingcountry shippingcountry shipcountry countrycodebilling
        countrycodeshipping countrycode market"""
    ),
}
WEEK = _words(
    """week weekstart weekstarting weekbeginning weekcommencing weekof weekdate weekno weeknumber weekid
    yearweek isoweek"""
)
