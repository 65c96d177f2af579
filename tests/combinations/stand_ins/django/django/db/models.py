class Model:
    pass


class CharField:
    def __init__(self, **settings):
        pass
