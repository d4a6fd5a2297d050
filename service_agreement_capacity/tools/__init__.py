"""A service desk that is simulated, in plain Python.

Nothing in here imports Odoo. Instants and durations are whole seconds: instants count
from the first counted moment, so what comes before it, to warm up, is negative.
"""
