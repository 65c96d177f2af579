class Blueprint:
    def __init__(self, name, module):
        self.name = name

    def get(self, path):
        return lambda function: function


class Flask(Blueprint):
    def __init__(self, module):
        super().__init__(module, module)

    def register_blueprint(self, blueprint):
        assert isinstance(blueprint, Blueprint)

    def run(self, host="127.0.0.1", port=5000):
        from serving import serve

        serve(self)

    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        return [b"ok"]
