"""What all manifests of the kit have in common: its image, the paths in it, rights, and how options are written.

Deployments, schedules, exports and training clusters each write their own objects around it.
"""
