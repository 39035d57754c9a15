"""What residents of the town ask for: subjects, whose they are, and how it is put and answered."""

from __future__ import annotations

from typing import Final, NamedTuple

from ledger.domain.requests.requests import Category
from ledger.domain.rules.rules import Grade


class Matter(NamedTuple):
    """One thing that is asked for now and then: who deals with it, and the words of both sides."""

    subject: str
    weight: int
    """How often, beside the others."""
    lead: str
    """The department that leads; `committee`: the residents' committee itself."""
    others: tuple[str, ...]
    """Who handles it with them where it is not theirs alone, or is returned to."""
    grade: Grade
    asked: tuple[str, ...]
    answered: tuple[str, ...]
    category: Category = Category.HELP


_G, _C = Grade, Category
MATTERS: Final = (
    Matter("water-supply", 9, "dept-water", ("dept-housing",), _G.UTILITIES,
           ("三楼以上从早上起没有水", "水压太小，热水器打不着", "自来水发黄，放了半小时还有沉淀"),
           ("更换了单元总阀，水压恢复", "管道冲洗完毕，水质复检合格", "抢修爆管一处，已恢复供水")),
    Matter("power-supply", 4, "dept-power", ("dept-housing",), _G.UTILITIES,
           ("一到晚上就跳闸，整个单元没电", "电表箱门坏了，线头露在外面"),
           ("更换空气开关，线路负荷已调整", "表箱已更换并加锁")),
    Matter("gas-supply", 2, "dept-housing", ("dept-market",), _G.UTILITIES,
           ("楼道里有一股煤气味", "燃气表走得不对，想请人检查"),
           ("上门检测无泄漏，更换了老化胶管", "校表合格，已向用户说明")),
    Matter("drainage", 7, "dept-water", ("dept-urban", "dept-housing"), _G.ORDINARY,
           ("下水道返水，一楼进不了门", "雨水口被堵，路面积水没过脚踝", "化粪池满溢，气味很大"),
           ("管道疏通完毕，清出淤泥两车", "雨水口已清掏，加装了拦污网",
            "抽排化粪池，并定了季度清掏")),
    Matter("street-lighting", 5, "dept-urban", ("dept-power",), _G.ORDINARY,
           ("巷口路灯灭了三盏，晚上老人不敢出门", "路灯白天亮晚上不亮"),
           ("更换灯头三套，当晚亮灯", "时控器已重新校时")),
    Matter("road-surface", 6, "dept-roads", ("dept-urban", "dept-water"), _G.COMPLEX,
           ("路面塌了一块，电动车差点摔倒", "人行道地砖翘起来一片", "井盖下沉，过车声音很大"),
           ("基层回填后恢复沥青面层", "破损地砖已更换", "井盖已加固并调平"), _C.HELP),
    Matter("traffic", 3, "dept-police", ("dept-roads",), _G.ORDINARY,
           ("学校门口放学时堵得走不动", "路口没有斑马线，过街危险"),
           ("放学时段增加两名护学岗", "标线已补划"), _C.SUGGESTION),
    Matter("parking", 8, "dept-urban", ("dept-police", "dept-housing"), _G.ORDINARY,
           ("消防通道停满了车", "有人装地锁占公共车位", "外来车辆整夜停在单元门口"),
           ("已清理违停车辆并施划禁停线", "地锁拆除两处", "与业主商定错峰停车办法"), _C.COMPLAINT),
    Matter("noise", 9, "dept-environment", ("dept-police", "dept-urban"), _G.ORDINARY,
           ("工地半夜还在打桩", "广场音响开到晚上十一点", "楼下烧烤店排风机整夜响"),
           ("责令夜间停工，并公示举报电话", "与舞队约定九点半收场", "风机加装消声罩，复测达标"),
           _C.COMPLAINT),
    Matter("fumes-and-dust", 3, "dept-environment", ("dept-urban",), _G.ORDINARY,
           ("餐馆油烟直接排到窗前", "渣土车一路撒土"),
           ("油烟净化器已安装并验收", "车辆已查处，路面冲洗完毕"), _C.COMPLAINT),
    Matter("rubbish", 7, "dept-urban", ("dept-housing",), _G.ORDINARY,
           ("垃圾桶满了两天没人收", "楼道堆满旧家具", "河边有人倒建筑垃圾"),
           ("清运频次调为一日两次", "与住户协商清理楼道杂物",
            "清理建筑垃圾，安装了监控"), _C.COMPLAINT),
    Matter("street-vending", 4, "dept-urban", ("dept-market",), _G.ORDINARY,
           ("菜摊把人行道占完了", "流动烧烤占了公交站"),
           ("引导摊贩进便民市场", "划定经营时段，专人巡查"), _C.COMPLAINT),
    Matter("illegal-building", 2, "dept-urban", ("dept-housing",), _G.COMPLEX,
           ("楼顶有人加盖彩钢房", "一楼把承重墙打开了门"),
           ("限期拆除，已自行拆除", "已停工，经鉴定后恢复原状"), _C.COMPLAINT),
    Matter("property-management", 5, "dept-housing", ("committee",), _G.COMPLEX,
           ("电梯坏了一周没人修", "物业费收了却没人打扫", "业委会换届没有动静"),
           ("维修资金已批，电梯恢复运行", "约谈物业，公布保洁排班",
            "筹备组已成立，公示三十日"), _C.COMPLAINT),
    Matter("neighbours", 5, "committee", ("dept-police",), _G.ORDINARY,
           ("楼上漏水泡了墙，两家说不拢", "邻居养鸽子，阳台没法晾衣服"),
           ("调解员上门，双方签了协议", "约定笼舍移位，定期清扫")),
    Matter("animals", 2, "dept-police", ("committee",), _G.ORDINARY,
           ("有人遛大狗不拴绳", "院里流浪狗多，孩子害怕"),
           ("已劝导并登记办证", "联合收容，共收容五只"), _C.COMPLAINT),
    Matter("fire-safety", 3, "dept-fire", ("dept-housing", "dept-power"), _G.ORDINARY,
           ("电动车在楼道里充电", "灭火器过期两年了"),
           ("清理违规充电，新增充电桩八个", "灭火器全部更换")),
    Matter("food-safety", 2, "dept-market", ("dept-health",), _G.ORDINARY,
           ("超市卖过期牛奶", "小餐馆后厨很脏"),
           ("过期食品下架，立案查处", "责令整改，复查合格"), _C.COMPLAINT),
    Matter("consumer-rights", 3, "dept-market", (), _G.ORDINARY,
           ("理发店办的卡不给退", "买的电器三天就坏，商家推脱"),
           ("经调解退还余额", "商家同意更换")),
    Matter("wages", 2, "dept-labour", ("dept-housing",), _G.COMPLEX,
           ("工程完了半年，工钱还没给", "离职两个月押金不退"),
           ("经协调已结清工资", "用人单位已退还押金")),
    Matter("employment", 3, "dept-labour", ("committee",), _G.ORDINARY,
           ("想问社区有没有公益性岗位", "想参加月嫂培训"),
           ("已登记求职意向，推荐岗位三个", "已报名下期培训班"), _C.INQUIRY),
    Matter("social-insurance", 8, "committee", ("dept-labour",), _G.ORDINARY,
           ("社保卡丢了怎么补", "退休认证在手机上做不了", "城乡居民医保什么时候缴"),
           ("凭身份证到便民服务中心补办", "已由代办员上门认证",
            "缴费期为九月至十二月"), _C.INQUIRY),
    Matter("health-care", 3, "dept-health", ("committee",), _G.ORDINARY,
           ("老年人体检怎么报名", "家庭医生签约后没来过"),
           ("已按社区分批安排体检", "签约团队已上门随访"), _C.INQUIRY),
    Matter("elder-care", 4, "committee", ("dept-civil",), _G.ORDINARY,
           ("独居老人想申请助餐", "高龄津贴停发了两个月"),
           ("已纳入助餐名单，每日送餐", "资料补齐，津贴补发到账")),
    Matter("schools", 2, "dept-schools", ("dept-police",), _G.ORDINARY,
           ("随迁子女入学要什么材料", "校门口小摊太多"),
           ("材料清单已发，学位已登记", "联合整治，设了家长等候区"), _C.INQUIRY),
    Matter("public-services", 9, "committee", (), _G.ORDINARY,
           ("居住证明在哪里开", "生育登记能不能网上办", "中午办事有没有人"),
           ("三号窗口当场可办", "可在网上预约，社区代办",
            "窗口实行错峰值班，中午有人"), _C.INQUIRY),
    Matter("greening", 2, "dept-urban", ("dept-housing",), _G.ORDINARY,
           ("树枝挡住了路灯", "绿化带成了停车场"),
           ("已修剪行道树十二株", "补种绿篱，加装护栏"), _C.SUGGESTION),
    Matter("public-transport", 2, "dept-roads", (), _G.ORDINARY,
           ("三路车末班太早", "站牌被撞歪了"),
           ("末班延后二十分钟试运行", "站牌已复位"), _C.SUGGESTION),
    Matter("housing", 2, "dept-housing", ("dept-civil",), _G.COMPLEX,
           ("公租房排了两年没消息", "老房子屋顶漏雨，想申请改造"),
           ("已进入本年度配租名单", "列入老旧小区改造第二批")),
    Matter("subsistence-allowance", 2, "dept-civil", ("committee",), _G.ORDINARY,
           ("家里有人重病，想申请救助", "救助金没有按时到账"),
           ("入户核查完毕，已按程序上报", "核实账号后补发")),
    Matter("family-violence", 1, "dept-police", ("committee",), _G.EMERGENCY,
           ("听到隔壁打骂，请来看看",),
           ("民警到场处置，妇联跟进回访",)),
    Matter("other", 3, "committee", ("dept-urban",), _G.ORDINARY,
           ("公告栏的字看不清", "想借会议室开邻里聚会"),
           ("公告栏已更新", "已登记场地，周末可用"), _C.SUGGESTION),
    Matter("other", 3, "committee", (), _G.ORDINARY,
           ("网格员雨天帮老人买药，要表扬", "志愿者教老人用手机，很耐心"),
           ("已转达并在公示栏致谢",), _C.PRAISE),
)  # fmt: skip
PLACES: Final = (
    "滨河一段", "北门巷", "南坡小区", "老街口", "新桥头", "东坡家属院", "学府路", "粮站院",
    "河堤小区",
    "环城西段", "农贸市场旁", "车站后巷", "文庙巷", "桥南新区", "水厂路", "向阳院",
)  # fmt: skip
NOTES: Final = (
    "已派员到场查看", "与诉求人电话核实了位置", "材料已备，明日施工", "已会同社区现场踏勘",
    "正在联系产权单位", "已下整改通知", "等待配件到货", "已完成首次处置，继续观察",
)  # fmt: skip
RETURN_REASONS: Final = (
    "现场在小区红线内，由物业主管部门负责", "该路段由其他单位管养",
    "属行政处罚事项，不在本单位职权内",
)  # fmt: skip
SENT_BACK: Final = ("未说明完成时间", "答复未附现场情况", "只答复了一部分诉求")
UNSOLVED: Final = ("回访时问题仍在", "修好两天又坏了", "只处理了一半", "说了要来，没有来")
EXTENSIONS: Final = ("需更换定制配件", "需走维修资金程序", "连日降雨无法施工", "需多部门会商")
MEASURES: Final = ("已返工并上门说明", "更换经办人员，重新答复", "增加巡查频次并致歉")
COMMENTS: Final = ("来得很快", "说话和气", "等得久了些", "希望以后常来看看", "问题没有根本解决")
EXPLANATIONS: Final = ("当日暴雨，道路封闭", "产权属省级单位，无权处置", "诉求人要求超出规定标准")
