"""The standard columns, and the headings under which they usually come.

Headings are compared by their letters and digits alone; the most telling come first, those of the public
data sets Online Retail I and II among them, then those that web shops and tills export, in English and in some
other languages of Europe.
"""

from __future__ import annotations

import re
import unicodedata

from pricetrail.params import Standard


def plain(name: str) -> str:
    """The letters and digits of a heading, in lower case and without accents."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKD", name.lower()))


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
TRACES = ("line", "file", "unread", "further")
"""Beside them: where a row stands, and what else was seen of it."""
REQUIRED: dict[str, tuple[Standard, ...]] = {
    "lines": ("invoiceno", "stockcode", "quantity", "invoicedate", "unitprice"),
    "weekly": ("stockcode", "quantity", "invoicedate", "unitprice"),
}
USUAL: dict[Standard, tuple[str, ...]] = {
    "invoiceno": _words(
        """invoiceno invoice invoicenumber invoiceid orderid orderno ordernumber order transactionid
        transactionno transaction salesorderid salesorder receiptid receiptno receipt basketid basket
        documentno rechnungsnr rechnungsnummer belegnr belegnummer bonnr auftragsnr auftragsnummer bestellnr
        bestellnummer nfacture nofacture numerofacture facture ncommande nocommande numerocommande commande
        nfactura numerofactura factura pedido numerofattura fattura factuurnummer"""
    ),
    "stockcode": _words(
        """stockcode sku lineitemsku itemsku productsku productcode productid productno product itemcode
        itemid itemno item articleno articleid article materialno upc ean gtin asin artikelnr artikelnummer
        artikel materialnummer codearticle refarticle codeproduit produit reference codigoarticulo articulo
        referencia codicearticolo"""
    ),
    "description": _words(
        """description productname productdescription producttitle itemname itemdescription lineitemname title
        articlename name bezeichnung artikelbezeichnung artikelname produktname designation libelle descripcion
        descrizione omschrijving"""
    ),
    "quantity": _words(
        """quantity move qty lineitemquantity itemquantity orderquantity orderqty orderedquantity
        quantityordered quantitysold qtysold unitssold salesunits units unit menge verkauftemenge anzahl stuckzahl
        stuck quantite qte cantidad quantita aantal"""
    ),
    "invoicedate": _words(
        """invoicedate invoicedatetime orderdate orderdatetime ordertime orderedat orderpurchasetimestamp
        transactiondate transactiontime purchasedate saledate salesdate datetime date timestamp createdat
        paidat datum rechnungsdatum belegdatum bestelldatum verkaufsdatum datefacture datecommande datevente
        fecha fechafactura"""
    ),
    "unitprice": _words(
        """unitprice price lineitemprice itemprice priceperunit priceeach pricepaid sellingprice saleprice
        salesprice itemcost einzelpreis stuckpreis verkaufspreis preis prixunitaire prixunitaireht
        prixunitairettc prix preciounitario precio prezzounitario prezzo prijs"""
    ),
    "customerid": _words(
        """customerid customer customerno customernumber customercode custid clientid userid customeruserid
        buyerid memberid cardid householdid householdkey kundennr kundennummer kunde codeclient numeroclient
        codigocliente cliente klantnummer"""
    ),
    "country": _words(
        """country countryname billingcountry shippingcountry shipcountry countrycodebilling
        countrycodeshipping countrycode market land lieferland pays pais paese"""
    ),
}
WEEK = _words(
    """week weekstart weekstarting weekbeginning weekcommencing weekof weekdate weekno weeknumber weekid
    yearweek isoweek kalenderwoche kw woche semaine semana"""
)
TOTAL = _words(
    """sales salesvalue salesamount revenue turnover amount total totalprice totalamount totalvalue linetotal
    lineamount value umsatz betrag gesamtpreis montant importe"""
)
"""What a row's quantity and price come to."""
PLACES = _words(
    """store storeid storeno storenumber storecode storename shop shopid branch branchid outlet outletid
    location locationid filiale filialnr magasin tienda"""
)
"""What tells stores apart."""
MAIL = _words("email emailaddress customeremail billingemail contactemail")
"""What tells customers apart, if the shop so decides: it names a person."""
COST = _words("cost unitcost costprice costperunit purchaseprice buyingprice cogs einkaufspreis prixachat")
"""What one unit costs the shop."""
