"""The standard columns, and the headings under which they usually come.

Headings are compared by their letters and digits alone; the most telling come first, those of the public
data sets Online Retail I and II among them, then those that web shops and tills export, in English and in some
other languages of Europe.
"""

from __future__ import annotations

import re
import unicodedata
from typing import get_args

from pricetrail.params import Standard


def plain(name: str) -> str:
    """The letters and digits of a heading, in lower case and without accents."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKD", name.lower()))


def words(name: str) -> frozenset[str]:
    """The words of a heading: ``orderDate``, ``Order_Date`` and ``ORDER DATE`` have the same two."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", unicodedata.normalize("NFKD", name))
    return frozenset(re.findall(r"[a-z0-9]+", apart.replace("\u0301", "").lower()))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STANDARD: tuple[Standard, ...] = get_args(Standard)
TRACES = ("line", "file", "unread", "further")
"""Beside them: where a row stands, and what else was seen of it."""
REQUIRED: dict[str, tuple[Standard, ...]] = {
    "lines": ("invoiceno", "stockcode", "quantity", "invoicedate", "unitprice"),
    "weekly": ("stockcode", "quantity", "invoicedate", "unitprice"),
}
NUMBERED = "no number nr nbr num id code"
"""What follows the name of a thing, where a heading means its number."""


def _each(things: str, *, followed: str = NUMBERED) -> tuple[str, ...]:
    """Every thing with what may follow it, and then every thing alone."""
    return (*(thing + end for thing in _words(things) for end in _words(followed)), *_words(things))


USUAL: dict[Standard, tuple[str, ...]] = {
    "invoiceno": (
        *_each("invoice order salesorder transaction receipt basket ticket bill document"),
        *_words(
            """rechnungsnr rechnungsnummer belegnr belegnummer bonnr auftragsnr auftragsnummer bestellnr
            bestellnummer verkaufsbeleg verkaufsbelegnr nfacture nofacture numerofacture facture ncommande nocommande
            numerocommande commande nfactura numerofactura factura pedido numerofattura fattura factuurnummer"""
        ),
    ),
    "stockcode": (
        *_words("stockcode sku skuid lineitemsku itemsku productsku variantsku"),
        *_each("product item article material part"),
        *_words(
            """upc ean gtin asin artikelnr artikelnummer artikel materialnr materialnummer codearticle refarticle
            codeproduit produit reference codigoarticulo articulo referencia codicearticolo"""
        ),
    ),
    "description": _words(
        """description productname productdescription producttitle productdetail itemname itemdescription
        lineitemname title articlename name bezeichnung artikelbezeichnung artikelname materialkurztext
        materialbezeichnung produktname designation libelle descripcion descrizione omschrijving"""
    ),
    "quantity": _words(
        """quantity move qty lineitemquantity itemquantity orderquantity orderqty orderedquantity transactionqty
        transactionquantity quantityordered quantitysold qtysold unitssold unitsales salesunits units unit menge
        verkauftemenge auftragsmenge anzahl stuckzahl stuck quantite qte cantidad quantita aantal"""
    ),
    "invoicedate": _words(
        """invoicedate invoicedatetime orderdate orderdatetime ordertime orderedat ordercreated
        orderpurchasetimestamp transactiondate transactiontime purchasedate saledate salesdate eventtime datetime date
        timestamp createdat paidat datum rechnungsdatum belegdatum bestelldatum verkaufsdatum datefacture datecommande
        datevente fecha fechafactura"""
    ),
    "unitprice": _words(
        """unitprice price lineitemprice itemprice priceperunit priceeach pricepaid sellingprice sellprice saleprice
        salesprice averageprice avgprice itemcost einzelpreis stuckpreis nettopreis verkaufspreis preis prixunitaire
        prixunitaireht prixunitairettc prix preciounitario precio prezzounitario prezzo prijs"""
    ),
    "customerid": (
        *_words("customeruniqueid customeruserid"),
        *_each("customer cust client"),
        *_words(
            """userid buyerid memberid cardid householdid householdkey kundennr kundennummer kunde auftraggeber
            codeclient numeroclient codigocliente cliente klantnummer"""
        ),
    ),
    "country": _words(
        """country countryname billingcountry shippingcountry shipcountry countrycodebilling
        countrycodeshipping countrycode market land lieferland pays pais paese"""
    ),
    "status": _words(
        """orderstatus itemstatus linestatus salestatus salesstatus financialstatus paymentstatus status eventtype
        transactiontype bestellstatus auftragsstatus"""
    ),
}
WEEK = _words(
    """week weekstart weekstarting weekbeginning weekcommencing weekof weekdate weekno weeknumber weekid
    yearweek isoweek wmyrwk kalenderwoche kw woche semaine semana"""
)
DAY = _each("day")
"""A number under one of these counts days, and not weeks."""
TIME = _words("time transactiontime ordertime saletime salestime timeofday transtime uhrzeit heure hora")
"""What tells the time of the day beside a column of dates."""
TOTAL = _words(
    """sales salesvalue salesamount grosssales netsales productsales revenue turnover amount total totalprice
    totalamount totalvalue linetotal lineamount value umsatz betrag gesamtpreis nettowert montant importe"""
)
"""What a row's quantity and price come to."""
PLACES = (
    *_each("store shop branch outlet location"),
    *_words("storename filiale filialnr magasin tienda"),
)
"""What tells stores apart."""
MAIL = _words("email emailaddress customeremail billingemail emailbilling contactemail")
"""What tells customers apart, if the shop so decides: it names a person."""
COST = _words("cost unitcost costprice costperunit purchaseprice buyingprice einkaufspreis prixachat")
"""What one unit costs the shop."""
