"""The picture of a network: every flow an arrow and a row, alike stacks drawn once, and nothing but text in it."""

from __future__ import annotations

from exitgate.pictures import NetworkEnd, NetworkFlow, NetworkPicture, NetworkTier
from exitgate.reporting.html import render_html
from exitgate.reporting.html.network import drawings_of
from tests.reporting.pages import Page
from tests.reporting.records import MARKUP, judged, passing, record_of

PICTURE = NetworkPicture(
    stack="staging",
    tiers=(
        NetworkTier(name="public", public=True, ranges=("10.0.0.0/24",)),
        NetworkTier(name="services", public=False, ranges=("10.0.1.0/24",)),
    ),
    ends=(
        NetworkEnd(name="balancer", tier="public", groups=("sg-balancer",)),
        NetworkEnd(name="orders", tier="services", groups=("sg-orders",)),
        NetworkEnd(name="catalog", tier="services", groups=()),
        NetworkEnd(name="bastion", tier="elsewhere", groups=()),
    ),
    flows=(
        NetworkFlow(source="balancer", destination="orders", traffic="tcp 3000"),
        NetworkFlow(source="bastion", destination="orders", traffic="tcp 22"),
        NetworkFlow(source="internet", destination="balancer", traffic="tcp 443"),
        NetworkFlow(source="orders", destination="catalog", traffic="tcp 3000"),
    ),
)
"""One flow of each kind: forward, backward, from outside, and within a column."""


def page_of(*pictures: NetworkPicture) -> Page:
    return Page(render_html(record_of(judged(passing), pictures=pictures)))


def test_every_flow_is_an_arrow_and_a_row() -> None:
    (figure,) = page_of(PICTURE).root.all("figure", "network")
    assert len(figure.all("path", "flow")) == len(figure.all("path", "head")) == 4
    rows = [[cell.text for cell in row.all("td")] for row in figure.all("tbody")[0].all("tr")]
    assert rows == [[flow.source, flow.destination, flow.traffic] for flow in PICTURE.flows]
    assert "4 flows between 4 ends" in figure.text
    assert "Tier public is public: 10.0.0.0/24" in figure.text
    assert "no security group" in figure.text


def test_columns_stand_in_the_order_of_the_tiers() -> None:
    (net,) = drawings_of([PICTURE])
    assert [column.name for column in net.columns] == ["outside", "public", "services", "elsewhere"]
    assert [box.name for column in net.columns for box in column.boxes] == [
        "internet",
        "balancer",
        "orders",
        "catalog",
        "bastion",
    ]
    assert net.columns[2].boxes[0].takes == "tcp 3000, tcp 22"
    assert all(box.x + net.box_width <= 760 for column in net.columns for box in column.boxes)


def test_stacks_that_are_alike_share_a_drawing() -> None:
    production = PICTURE.model_copy(update={"stack": "production"})
    other = PICTURE.model_copy(update={"stack": "other", "flows": ()})
    assert [net.stacks for net in drawings_of([PICTURE, production, other])] == [["staging", "production"], ["other"]]
    assert "Stacks staging and production" in page_of(PICTURE, production).root.text


def test_what_is_not_known_or_not_drawn_is_said() -> None:
    vague = PICTURE.model_copy(update={"unknown": ("aws_subnet.x: its range",), "left_out": 7})
    said = page_of(vague).root.all("figure", "network")[0].text
    assert "Not all of it is known: aws_subnet.x: its range" in said
    assert "7 more are not drawn" in said


def test_nothing_but_shapes_and_text_is_drawn() -> None:
    hostile = NetworkPicture(
        stack=MARKUP,
        tiers=(NetworkTier(name=MARKUP, public=True, ranges=(MARKUP,)),),
        ends=(NetworkEnd(name=MARKUP, tier=MARKUP, groups=(MARKUP,)),),
        flows=(NetworkFlow(source=MARKUP, destination="a\u202eb", traffic=MARKUP),),
    )
    page = page_of(hostile)
    (drawing,) = page.root.all("svg")
    assert {each.tag for each in drawing.everything} == {"svg", "path", "text", "rect"}
    assert not page.root.all("script") + page.root.all("img")
    assert MARKUP in page.root.text


def test_an_empty_network_is_still_drawn() -> None:
    (figure,) = page_of(NetworkPicture(stack="bare", tiers=(), ends=(), flows=())).root.all("figure", "network")
    assert "0 flows" in figure.text
