"""Deployment: the files for Kubernetes, Docker and the real TensorFlow Serving, made from one project.yml.

Everything is built as typed values and written as YAML, protobuf text or a Dockerfile, then checked where it is made:
against the schemas of Kubernetes (`schemas`), against each other (`consistency`), by Envoy itself (`envoy_files`), and
the Dockerfiles by their form (`docker_check`). Nothing here starts a container or asks a cluster: the files were
checked, never run.

Actors: `Target` is what a project is deployed as, `serving_files` and `envoy_files` make the configuration of the two
containers, `pod` and `manifests` the objects around them, `dockerfiles` the images of the kit itself, and `write` puts
files into a folder without touching what somebody else changed.
"""
