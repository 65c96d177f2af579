class APIRouter:
    def get(self, path, **settings):
        return lambda function: function

    def include_router(self, router, **settings):
        assert isinstance(router, APIRouter)


class FastAPI(APIRouter):
    def __init__(self, **settings):
        pass

    async def __call__(self, scope, receive, send):
        pass


def Depends(function):
    return function
