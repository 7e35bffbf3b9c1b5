"""A contract that holds example cases itself, and a service that keeps some of them."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from avrorpc.method import Contract
from avrorpc.stub import Service

SHOP_TEXT = """{"protocol":"Shop","namespace":"shop","types":[],"messages":{
"price":{"request":[{"name":"item","type":"string"}],"response":"double","readonly":true,"examples":[
 {"description":"an apple","input":{"item":"apple"},"expected_output":2.0},
 {"description":"by rules","input":{"item":"pear"},"validation_rules":["output > 1"]}]},
"stock":{"request":[{"name":"item","type":"string"}],"response":"int","readonly":true,
 "examples":"stock.json"},
"buy":{"request":[{"name":"item","type":"string"}],"response":"string","examples":[
 {"description":"one","input":{"item":"a"},"expected_output":"ok"}]},
"sell":{"request":[{"name":"item","type":"string"}],"response":"string","examples":[
 {"description":"unfit","input":{"thing":"a"},"expected_output":"ok"}]}}}"""

SHOP = Contract("shop.Shop", SHOP_TEXT, types=dict)
for _name in ("price", "stock", "buy", "sell"):
    SHOP.method(_name)


class ShopService(Service):
    """What `avrogen` would make of the contract."""

    __contract__ = SHOP

    def price(self, item: str) -> float:
        """Tell a price."""
        raise NotImplementedError

    def stock(self, item: str) -> int:
        """Count what is there."""
        raise NotImplementedError

    def buy(self, item: str) -> str:
        """Buy one."""
        raise NotImplementedError

    def sell(self, item: str) -> str:
        """Sell one."""
        raise NotImplementedError


class Shop(ShopService):
    """Keeps the examples of `price`, and not those of `buy`."""

    called: ClassVar[Counter[str]] = Counter()

    def price(self, item: str) -> float:
        return 2.0

    def stock(self, item: str) -> int:
        return 3

    def buy(self, item: str) -> str:
        self.called["buy"] += 1
        return "no"

    def sell(self, item: str) -> str:
        return "ok"
