"""The arithmetic of promises and money, in plain Python.

Nothing in here imports Odoo: models store facts, these modules derive results
from them, and both can be tested apart.
"""
