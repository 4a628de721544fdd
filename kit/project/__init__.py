"""A project, which says what is modelled, and its project.yml.

`project` loads a project and finds its data, `folder` finds where it lies, `read` reads project.yml and names the line
of a mistake, and `file` is that file's schema. The base class of its sections is `kit.project_section`: it is not here
because `file` imports the sections of all rooms.
"""

from kit.project.project import Project

__all__ = ["Project"]
