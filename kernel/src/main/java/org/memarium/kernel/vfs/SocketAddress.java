package org.memarium.kernel.vfs;

/** What a socket can be bound to. */
public sealed interface SocketAddress permits UnixAddress, InternetAddress {
  /** As {@code struct sockaddr} of its family, cut to its length. */
  byte[] toBytes();
}
