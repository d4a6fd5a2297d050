from . import contract_move
