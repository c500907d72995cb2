"""Lines of a table that people and programs put below the rows: totals, signatures, counts, remarks."""

import re
import unicodedata
from collections.abc import Sequence

from pipelines.model.text import masked

SHOWN = 60
MOST_CELLS = 4  # a signature line names who filled in, who checked, and when
_FOOTER = re.compile(
    r"(合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|总数|备\s*注|说\s*明|注\s*\d*\s*[:：]|(制|填)\s*(表|报|单)\s*(人|单位|日期|时间)?|审\s*(核|批)|复\s*核|经办人|负责人"
    r"|(统计|导出|打印|生成|查询)\s*(人|日期|时间|单位)|数据来源|共\s*[\d,]+\s*(条|行|件|笔|页)|第\s*\d+\s*页"
    r"|(grand |sub)?total\b|end\b|eof\b|\(?[\d,]+ rows?\b|[-=*#]{2,}|#)",
    re.IGNORECASE,
)


def is_footer(cells: Sequence[str | None]) -> bool:
    """Whether few cells of a row are filled and the first of them is what stands below a table."""
    filled = [unicodedata.normalize("NFKC", cell).strip() for cell in cells if cell and cell.strip()]
    return 0 < len(filled) <= MOST_CELLS and bool(_FOOTER.match(filled[0]))


def shown_footer(cells: Sequence[str | None]) -> str:
    """The first cell, for the reader to find the line by."""
    return masked(next(cell.strip() for cell in cells if cell and cell.strip()))[:SHOWN]
