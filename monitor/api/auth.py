"""Bearer keys. Only their digests are stored; the comparison is a look-up of the digest."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from monitor.api.context import Ctx

_bearer = HTTPBearer(auto_error=False, description="an API key; the first one is in DATA_DIR/admin.key")


async def require_key(
    context: Ctx, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> str:
    """The name of the key that the request carries. Answers 401 where it carries none that is known."""
    if credentials is None:
        raise HTTPException(
            401,
            "send a key: Authorization: Bearer KEY (see DATA_DIR/admin.key)",
            {"WWW-Authenticate": "Bearer"},
        )
    name = await context.store.config.key_name(credentials.credentials)
    if name is None:
        raise HTTPException(401, "this key is not known", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
    return name


KEYED = [Depends(require_key)]
