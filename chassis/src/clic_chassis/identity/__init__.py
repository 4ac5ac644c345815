"""Who is behind an HTTP request, what keeps others from acting as them, and how often anybody may try.

A service makes one `Identity`, gives it to `protect`, and asks `current`, `signed_in`, `form_key` and `checked_form`.
"""

from .access import Identity as Identity
from .access import checked_form as checked_form
from .access import current as current
from .access import form_key as form_key
from .access import signed_in as signed_in
from .error import EnterError as EnterError
from .error import IdentityError as IdentityError
from .error import NoRoleError as NoRoleError
from .error import TooManyTriesError as TooManyTriesError
from .error import UnknownTokenError as UnknownTokenError
from .protection import protect as protect
from .session import Session as Session
