from . import retries
