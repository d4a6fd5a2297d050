"""What our run costs per invoice, against OCA `contract` and against Odoo alone.

All three make and post, in turn and with a commit, the invoices of a month for the same
customers, prices, tax and term. Tracking and mail are as each of them has it.
"""

import sys
from datetime import timedelta
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _billing import START, Books, bill
from _support import alternate, row

MODULES = ("contract",)
CUSTOMERS = 100
MONTH = timedelta(days=31)


def run(env):
    books = Books(env)
    partners = books.create_partners(CUSTOMERS)
    books.create_agreements(partners)
    contracts = books.create_contracts(partners)
    books.settle()
    ours, contract, bare = alternate(
        _our_run(env),
        _contract_run(env, contracts),
        _bare_run(env, books, partners),
    )
    per_invoice = 1000 / CUSTOMERS
    return [
        row("our run: ms per invoice, created and posted", ours * per_invoice),
        row("OCA contract, cron and post: ms per invoice", contract * per_invoice),
        row("bare create and action_post: ms per invoice", bare * per_invoice),
        row("ours / OCA contract", ours / contract, 0.70),
        row("ours / bare", ours / bare, 0.85),
    ]


def _our_run(env):
    # The next month each time.
    days = (START + MONTH * number for number in count())

    def run_month():
        ((moves, failed),) = bill(env, next(days))
        assert not failed
        _check(moves)

    return run_month


def _contract_run(env, contracts):
    days = (START + MONTH * number for number in count())

    def run_month():
        env["contract.contract"].cron_recurring_create_invoice(next(days))
        moves = env["account.move"].search([("state", "=", "draft")])
        moves.action_post()
        env.cr.commit()
        _check(moves)

    return run_month


def _bare_run(env, books, partners):
    days = (START + MONTH * number for number in count())

    def run_month():
        day = next(days)
        moves = env["account.move"].create(
            [
                books.prepare_bare_values(partner, number, day)
                for number, partner in enumerate(partners)
            ]
        )
        moves.action_post()
        env.cr.commit()
        _check(moves)

    return run_month


def _check(moves):
    """Nobody is fast by doing less."""
    assert len(moves) == CUSTOMERS
    assert set(moves.mapped("state")) == {"posted"}
    assert {len(move.line_ids) for move in moves} == {4}
