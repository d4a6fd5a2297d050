"""Fixtures for tests with a real Odoo. See `support.py` for what they give."""

import pytest

from devtool import prepare
from devtool.errors import DevError
from tests.support import Database


@pytest.fixture(scope="session")
def workshop():
    """Everything prepared: found in a second when `./dev test` did it before."""
    try:
        return prepare.workshop()
    except DevError as error:
        pytest.exit(str(error), returncode=3)


@pytest.fixture
def database(workshop):
    """Our addon on a database of its own, without demo data."""
    with workshop.databases.throwaway("plain") as name:
        yield Database(workshop, name)


@pytest.fixture
def core_database(workshop):
    """Odoo's own modules, our addon not yet installed."""
    with workshop.databases.throwaway("core") as name:
        yield Database(workshop, name)


@pytest.fixture
def undisturbed_database(workshop):
    """Another one, for what the first is compared with."""
    with workshop.databases.throwaway("plain") as name:
        yield Database(workshop, name)


@pytest.fixture
def queue_database(workshop):
    """Our addon with its bridge to queue_job, without demo data."""
    with workshop.databases.throwaway("service_agreement_queue_job") as name:
        yield Database(workshop, name)


@pytest.fixture
def payment_database(workshop):
    """Our addon with Odoo's demo provider of payments, without demo data."""
    with workshop.databases.throwaway("service_agreement_payment") as name:
        yield Database(workshop, name)


@pytest.fixture(scope="module")
def contract_database(workshop):
    """Our addon with its bridge to OCA's contract, without demo data: one copy for the
    tests of a module.
    """
    with workshop.databases.throwaway("service_agreement_contract") as name:
        yield Database(workshop, name)


@pytest.fixture(scope="module")
def demo_database(workshop):
    """Our addon with its demo data: one copy for the tests of a module."""
    with workshop.databases.throwaway("demo") as name:
        yield Database(workshop, name)


@pytest.fixture
def odoo_server(database):
    """Start a server on the database without demo data."""
    with database.serve() as server:
        yield server


@pytest.fixture(scope="module")
def demo_server(demo_database):
    """Start a server on the demo data: one for the tests of a module."""
    with demo_database.serve() as server:
        yield server
