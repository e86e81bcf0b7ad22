package org.memarium.kernel.vfs;

import java.util.Arrays;

/**
 * The parts of {@code struct cred} that decide about files.
 *
 * @param uid real user
 * @param gid real group
 * @param fsuid user whose rights count for files
 * @param fsgid group whose rights count for files
 * @param groups supplementary groups, never changed
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared as a whole.
public record Credentials(int uid, int gid, int fsuid, int fsgid, int[] groups) {

  /** Copies the array, since a record's parts should not change under it. */
  public Credentials {
    groups = groups.clone();
  }

  /** The rights of one user in one group. */
  public static Credentials of(int uid, int gid, int... groups) {
    return new Credentials(uid, gid, uid, gid, groups);
  }

  /** Whether the user is root, for whom permission bits hardly count (CAP_DAC_OVERRIDE). */
  public boolean isRoot() {
    return fsuid == 0;
  }

  /** Whether the user belongs to a group. */
  public boolean inGroup(int group) {
    if (fsgid == group) {
      return true;
    }
    for (int other : groups) {
      if (other == group) {
        return true;
      }
    }
    return false;
  }

  /** The same user, judged by the real identifiers, as {@code access(2)} does. */
  public Credentials real() {
    return new Credentials(uid, gid, uid, gid, groups);
  }

  /**
   * Whether these rights allow an access; Linux {@code fs/namei.c}, {@code generic_permission}.
   *
   * @param mask bits of {@link FileMode#MAY_READ}, {@link FileMode#MAY_WRITE}, {@link
   *     FileMode#MAY_EXEC}
   */
  public boolean may(int mask, int mode, int ownerUid, int ownerGid) {
    int granted;
    if (fsuid == ownerUid) {
      granted = mode >> 6;
    } else if (inGroup(ownerGid)) {
      granted = mode >> 3;
    } else {
      granted = mode;
    }
    if ((mask & ~granted & 7) == 0) {
      return true;
    }
    if (!isRoot()) {
      return false;
    }
    // Root searches every directory, and runs a file if anybody may.
    boolean directory = (mode & FileMode.S_IFMT) == FileMode.S_IFDIR;
    return directory || (mask & FileMode.MAY_EXEC) == 0 || (mode & 0111) != 0;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Credentials that
        && uid == that.uid
        && gid == that.gid
        && fsuid == that.fsuid
        && fsgid == that.fsgid
        && Arrays.equals(groups, that.groups);
  }

  @Override
  public int hashCode() {
    return 31 * uid + gid + 17 * fsuid + 13 * fsgid + Arrays.hashCode(groups);
  }

  @Override
  public int[] groups() {
    return groups.clone();
  }
}
