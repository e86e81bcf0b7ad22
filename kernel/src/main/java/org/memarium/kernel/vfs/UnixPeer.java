package org.memarium.kernel.vfs;

/** A socket that an address named, for the time of one call. */
public final class UnixPeer {
  private final UnixSock sock;

  UnixPeer(UnixSock sock) {
    this.sock = sock;
  }

  UnixSock sock() {
    return sock;
  }
}
