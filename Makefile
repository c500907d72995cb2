# 公评: everything starts here. `make demo` on a fresh machine does its own set-up.
PYTHON := .venv/bin/python
# Asked in the recipe, for set-up may have just made it.
UV = $$([ -x .tools/bin/uv ] && echo .tools/bin/uv || echo uv)
export DO_NOT_TRACK := 1
# What Python compiles is kept, also in a container that forbids it: workers and some hundred commands compile it once.
COMPILED = PYTHONDONTWRITEBYTECODE=

.DEFAULT_GOAL := help
.PHONY: help setup demo notebook app test proof world fuzz bench lint reference site coverage dist lowest fonts clean

help: ## 本说明 / this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## 装好所需（可重复） / install what is needed, again if asked
	@sh scripts/setup.sh --again

demo: ready ## 样例季度，从导出到通报 / a sample quarter, from exports to bulletin
	@.venv/bin/gongping demo

notebook: ready ## 试算笔记本，在 JupyterLab 里 / the what-if notebook, in JupyterLab
	@sh scripts/notebook.sh

app: ready ## 试算滑块，在浏览器里 / sliders that rank anew, in the browser
	@.venv/bin/marimo run notebooks/what_if_app.py

# Left out by their marks; `.ci/run` leaves fewer out.
LEFT_OUT = slow or long
test: ready ## 测试，半小时内 / the tests, within half an hour
	@sh scripts/test_tools.sh
	@$(COMPILED) $(PYTHON) -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not ($(LEFT_OUT))" $(TESTS)

proof: ready ## 全部测试，含慢的 / every test, the slow ones too
	@$(UV) sync -q --frozen --inexact --extra cluster --group fuzz
	@sh scripts/test_tools.sh
	@$(PYTHON) -m tests.proof.fuzz --seconds 20
	@$(COMPILED) GONGPING_NEW_EXAMPLES=1 $(PYTHON) -m pytest

world: ready ## 一个种子一座城（SEED=7） / a city's quarters in which everything goes wrong, the same for the same SEED
	@$(PYTHON) -m tests.proof.world --seed $(or $(SEED),0)

fuzz: ready ## 逐个读取口喂随意内容（SECONDS=60） / every reader fed with whatever, each for SECONDS, the draws of SEED
	@$(UV) sync -q --frozen --inexact --group fuzz
	@$(PYTHON) -m tests.proof.fuzz --seconds $(or $(SECONDS),60) --seed $(or $(SEED),0)

bench: ready ## 量速度 / measure the speed
	@$(UV) sync -q --frozen --inexact --group bench
	@$(PYTHON) -m benchmarks

lint: ready ## 查代码 / check the code
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check -q .
	@.venv/bin/mypy --no-error-summary
	@said=$$(.venv/bin/deptry . 2>&1) || { echo "$$said" >&2; exit 1; }
	@$(UV) lock --check -q || { echo "uv.lock does not fit pyproject.toml: uv lock" >&2; exit 1; }

reference: ready ## 手册中的对照表与编辑器提示 / tables of the manuals and the editors' schemas, from what is declared
	@$(PYTHON) -m scripts.reference

site: ready ## 文档网站，在 .cache/site/html / the documentation as a site, checked for broken links
	@$(PYTHON) scripts/site.py

# A file for each folder of tests, which make takes again where nothing changed: what was stopped goes on, and BY may name
# a few; the long tests too where LEFT_OUT does not name them. What part of the tests reaches is a lower bound.
BY = spec rules engines sql kinds publication evaluators attack contracts ingest examples libraries laboratory oracle \
  sabotage golden
LEAST = 93
COVERED = $(BY:%=.cache/covered/$(if $(findstring long,$(LEFT_OUT)),quick,every)/%)
$(COVERED): $(shell git ls-files pipelines sql rules data_contracts tests pyproject.toml 2>/dev/null)
	@echo "tests/$(@F)" && mkdir -p $(@D) && rm -f $@ $@.new
	@COVERAGE_FILE=$@.new $(PYTHON) -m pytest -q --cov --cov-report= -m "not ($(LEFT_OUT))" tests/$(@F) && mv $@.new $@

coverage: ready $(COVERED) ## 分支覆盖率（OF=publication 一层） / branch coverage of the inner packages by quick tests, in parts
	@$(PYTHON) -m coverage combine -q --keep --data-file=.cache/covered/all $(COVERED)
	@$(PYTHON) -m coverage report -m --data-file=.cache/covered/all --fail-under=$(LEAST) $(if $(OF),--include="$$(printf 'pipelines/%s/*,' $(OF))")

dist: ready ## 安装包与物料清单 / the wheel, durable_rules' own for this Python, and the bill of materials (CycloneDX)
	@rm -rf dist
	@$(PYTHON) -m hatchling build -t wheel -d dist >/dev/null
	@CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject $(PYTHON) -m pip wheel -q --no-deps --no-cache-dir \
	  --no-binary durable-rules -w dist "$$(sed -n 's/.*"\(durable-rules==[^"]*\)".*/\1/p' pyproject.toml)"
	@$(UV) export --frozen --no-dev --format cyclonedx1.5 --preview -q -o dist/sbom >/dev/null
	@sed -e '/^  "serialNumber": /d' -e '/^    "timestamp": /d' dist/sbom >dist/sbom.cdx.json && rm dist/sbom
	@ls dist

lowest: ready ## 以最低允许版本试（PART=1/20 一部分） / the lowest allowed versions, tried by every test of five folders
	@$(UV) venv -q --clear --python $(PYTHON) .cache/lowest
	@$(UV) pip install -q --python .cache/lowest/bin/python --resolution lowest-direct -e . --group dev --group notebooks
	@GONGPING_PART=$(or $(PART),1/1) GONGPING_OUTCOME=.cache/lowest/outcome.json .cache/lowest/bin/python -m pytest -n 2 \
	  -p tests.proof.plugin -m "not slow" tests/cli tests/contracts tests/ingest tests/engines tests/pages

fonts: ## 取字体到 .fonts/ / bring the fonts into .fonts/
	@sh scripts/fonts.sh

clean: ## 删去运行产物，留下环境与字体 / remove what runs made, keep environment and fonts
	rm -rf out demo dist .pytest_cache .ruff_cache .hypothesis

.PHONY: ready
ready:
	@sh scripts/setup.sh
