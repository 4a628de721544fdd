"""TensorBoard inside Jupyter: no open port, Jupyter's own authentication, ended with the kernel.

`board` starts TensorBoard as a child of the kernel. `process` is that child: it listens on a Unix socket in a folder
that only its user can enter, and ends when its parent does, however that ended. `extension` is a part of the Jupyter
server, which asks for Jupyter's token and passes a request on to the socket; so a hub's base URL works like any other.
"""
