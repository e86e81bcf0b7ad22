package org.memarium.kernel.vfs;

/**
 * {@code struct ucred}: who is at the other end.
 *
 * @param pid its process
 * @param uid its user
 * @param gid its group
 */
public record SocketCredentials(int pid, int uid, int gid) {
  /** Of an end that nobody has taken yet. */
  static final SocketCredentials NOBODY = new SocketCredentials(0, -1, -1);
}
