class Client:
    def __init__(self, project=None):
        pass
