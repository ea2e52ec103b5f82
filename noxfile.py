"""One command for each habit: `nox -s test`, `lint`, `docs`, `bench`, and `nox -l` for all.

The sessions run in the environment that nox itself is installed in (`.venv`, made by
`scripts/test`), so that nothing is installed twice.
"""

from __future__ import annotations

import sys

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "docs", "test"]
PYTHON = (sys.executable, "-m")
OFFLINE = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
ONE_THREAD = OFFLINE | {"OMP_NUM_THREADS": "1"}
QUIET = OFFLINE | {"NO_MKDOCS_2_WARNING": "1"}  # the theme's notice of a successor
ADAPTERS = (
    "integrations/langchain_nuonuo",
    "integrations/langgraph_store_conformance",
    "integrations/llama_index_nuonuo",
)


@nox.session
def test(session: nox.Session) -> None:
    """Run the tests: all, or those named after `--`."""
    session.run(*PYTHON, "pytest", *(session.posargs or ("-n", "auto")), env=ONE_THREAD)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and types, and that the documents' tables are up to date."""
    session.run(*PYTHON, "ruff", "check", ".")
    session.run(*PYTHON, "ruff", "format", "--check", ".")
    session.run(*PYTHON, "mypy")
    session.run(*PYTHON, "mypy", *ADAPTERS)
    session.run(sys.executable, "scripts/make_tables.py", "--check")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into `site/`; a warning is an error."""
    session.run(*PYTHON, "mkdocs", "build", "--strict", "--quiet", env=QUIET)


@nox.session
def tables(session: nox.Session) -> None:
    """Write the documents' tables anew from `benchmarks/results/`."""
    session.run(sys.executable, "scripts/make_tables.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure speed on this machine: one query beside other stores, or the script after `--`."""
    chosen = session.posargs or ("benchmarks/peers.py", "--threads", "1", "--rows", "20000")
    session.run(sys.executable, *chosen, env=OFFLINE)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the tests and show which lines they miss."""
    chosen = session.posargs or ("-n", "auto", "--dist", "loadfile")
    session.run(*PYTHON, "pytest", "--cov", *chosen, env=ONE_THREAD)


@nox.session
def types(session: nox.Session) -> None:
    """Say how complete the public types are; needs pyright (`npm install -g pyright`)."""
    session.run(sys.executable, "scripts/check_types.py")


@nox.session
def lowest(session: nox.Session) -> None:
    """Run the core's tests with the lowest versions of its dependencies; downloads them."""
    session.run(sys.executable, "scripts/check_lowest_versions.py", *session.posargs)


@nox.session
def alone(session: nox.Session) -> None:
    """Run the core's tests without LangChain and LlamaIndex, the engine's with PyTorch alone."""
    session.run(sys.executable, "scripts/check_core_alone.py", env=ONE_THREAD)
