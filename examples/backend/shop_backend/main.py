"""What the server imports: `uvicorn shop_backend.main:app`."""

from shop_backend.core.app_factory import create_app
from shop_backend.core.revision_header import with_revision
from shop_backend.settings import Settings

settings = Settings.from_environment()
app = with_revision(create_app(settings), settings.revision)
