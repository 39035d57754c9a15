"""The page of the whole method: every practice in a sentence, and where it is shown."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from api.board import Board


class Practice(NamedTuple):
    """A practice as residents are told of it."""

    name: str
    page: str
    says: str


PRACTICES: tuple[tuple[str, tuple[Practice, ...]], ...] = (
    (
        "有事找谁",
        (
            Practice("群众诉求", "/cases", "每件诉求走到哪一步、在谁手里、何时到期。"),
            Practice("社区吹哨、部门报到", "/summons", "吹了哪些哨，部门多久到场，双方怎么评。"),
            Practice("办事窗口", "/windows", "什么时候有人值班，有没有空岗。"),
            Practice("服务事项", "/service-items", "能办什么，要什么材料，几天办好。"),
            Practice("全程代办", "/agents", "代办员免费替人跑腿，办了多少件、用了多久。"),
            Practice("服务承诺", "/promises", "谁负责哪一片，承诺多久上门，兑现了几成。"),
        ),
    ),
    (
        "大家的事大家办",
        (
            Practice("三张清单", "/lists", "需求、资源、项目，对上了多少。"),
            Practice("共驻共建项目", "/projects", "谁参加，花了多少，进展和评价。"),
            Practice("认领岗位、点单接单", "/volunteering", "党员认领了哪些岗位，办了多少实事。"),
            Practice("六步法议事", "/six-steps", "一件事怎样从听意见走到公开结果。"),
            Practice("意见和点赞", "/interaction", "提了什么意见，答复了没有，给谁点了赞。"),
            Practice("“1+x”结对", "/pairings", "社区与村、企业与农户结成的对子和办的活动。"),
            Practice("阵地和五小服务点", "/places", "党校、调解室、小商店的开放和预约。"),
        ),
    ),
    (
        "积分、捐赠和表扬",
        (
            Practice("善行公示", "/deeds", "先公示、后入账，人人可以提出异议。"),
            Practice("积分兑换", "/rewards", "积分能换什么，还剩多少。"),
            Practice("爱心捐赠", "/donations", "捐来的钱和物用到了哪里。"),
            Practice("分期评比", "/rankings/periods", "封存、申诉、公布的每一期排名。"),
            Practice("通报表扬", "/honours", "谁因为什么受到表扬，依据哪份文件。"),
        ),
    ),
    (
        "钱和账",
        (
            Practice("社区经费", "/funds", "每年拨了多少、花到哪个项目、凭证是哪一张。"),
            Practice("公开存档", "/disclosures", "每期公开了什么，谁审的，后来更正没有。"),
            Practice("剔除和裁定", "/judged", "哪些件没有计入考核，谁裁定的，为什么。"),
        ),
    ),
)  # fmt: skip


class Method:
    """The route and what it needs."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def add_to(self, router: APIRouter) -> None:
        """Adds GET /method."""
        router.add_api_route(
            "/method",
            self.page,
            methods=["GET"],
            include_in_schema=False,
            response_class=HTMLResponse,
        )

    async def page(self) -> Response:
        """All practices by what somebody may look for."""
        return self._board.page("method.html", practices=PRACTICES)
