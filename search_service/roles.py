"""Who a caller is and what that allows. Entry points: :class:`Role`, :class:`Right`.

A role is what a key, an account or a portal says of somebody; an audience (:mod:`search_service.model`) is
an index of its own. Several roles read as one audience.
"""

import enum

from search_service.model import Audience


class Right(enum.Enum):
    """What goes beyond reading."""

    EXPORT = "export"
    PREVIEW = "preview"
    INDEX = "index"
    ADMINISTER = "administer"


class Role(enum.StrEnum):
    """The roles, from the lowest; an editor and an indexer stand side by side."""

    PUBLIC = "public"
    MEMBER = "member"
    STAFF = "staff"
    EDITOR = "editor"
    INDEXER = "indexer"
    ADMIN = "admin"

    @property
    def audience(self) -> Audience:
        """The audience whose index this role reads."""
        return {Role.PUBLIC: Audience.PUBLIC, Role.MEMBER: Audience.MEMBER}.get(
            self, Audience.STAFF
        )

    @property
    def rights(self) -> frozenset[Right]:
        """What this role may do beside reading: nothing, up to members."""
        if self.audience < Audience.STAFF:
            return frozenset()
        more = {Role.INDEXER: {Right.INDEX}, Role.ADMIN: {Right.INDEX, Right.ADMINISTER}}
        return frozenset({Right.EXPORT, Right.PREVIEW} | more.get(self, set()))

    @property
    def previews(self) -> tuple["Role", ...]:
        """The roles as which this one may see the pages: only those that read less."""
        if Right.PREVIEW not in self.rights:
            return ()
        return tuple(one for one in (Role.PUBLIC, Role.MEMBER) if one.audience < self.audience)
