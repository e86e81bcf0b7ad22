package org.memarium.kernel.ipc;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * {@code struct kern_ipc_perm}: what segments, queues and sets of semaphores have in common; Linux
 * {@code ipc/util.c}.
 *
 * <pre>
 *   mode   10        9       8..6    5..3    2..0
 *         +--------+-------+-------+-------+--------+
 *         | locked | dest  | owner | group | others |     dest: goes with the last that uses it
 *         +--------+-------+-------+-------+--------+
 * </pre>
 */
public abstract class IpcObject {
  /** {@code IPC_PRIVATE}: no key. */
  public static final int PRIVATE = 0;

  /** The bits of {@link #mode} that IPC_SET changes. */
  static final int RIGHTS = 0777;

  private int key;
  private final int creatorUid;
  private final int creatorGid;
  private int uid;
  private int gid;
  int mode;
  private int id = -1;
  private int seq;
  private boolean removed;

  /** An object of the one that calls, which has no number yet. */
  IpcObject(IpcCaller caller, int key, int flags) {
    this.key = key;
    this.mode = flags & RIGHTS;
    creatorUid = caller.euid();
    creatorGid = caller.egid();
    uid = creatorUid;
    gid = creatorGid;
  }

  /** Its key, or {@link #PRIVATE}. */
  public int key() {
    return key;
  }

  /** Its number, of which the low 15 bits are its place in the table. */
  public int id() {
    return id;
  }

  /** What tells it from those that were in its place before. */
  public int seq() {
    return seq;
  }

  /** Its owner. */
  public int uid() {
    return uid;
  }

  /** Its owner's group. */
  public int gid() {
    return gid;
  }

  /** Who made it. */
  public int creatorUid() {
    return creatorUid;
  }

  /** The group of who made it. */
  public int creatorGid() {
    return creatorGid;
  }

  /** Rights and, for segments, flags. */
  public int mode() {
    return mode;
  }

  /** {@code !ipc_valid_object}: it was removed, and who sleeps in it hears of that. */
  boolean isRemoved() {
    return removed;
  }

  void setRemoved() {
    removed = true;
  }

  void setId(int number, int sequence) {
    id = number;
    seq = sequence;
  }

  void forgetKey() {
    key = PRIVATE;
  }

  /**
   * {@code ipcperms}: whether it may be used.
   *
   * @param wanted rights, in any of the three places of a mode
   */
  boolean permits(IpcCaller caller, int wanted) {
    int requested = wanted >> 6 | wanted >> 3 | wanted;
    int granted = mode;
    if (isOwnedBy(caller)) {
      granted >>= 6;
    } else if (caller.isInGroup(creatorGid) || caller.isInGroup(gid)) {
      granted >>= 3;
    }
    return (requested & ~granted & 7) == 0 || caller.isPrivileged();
  }

  /** Whether the caller is its owner, or has made it. */
  boolean isOwnedBy(IpcCaller caller) {
    return caller.euid() == creatorUid || caller.euid() == uid;
  }

  /** {@code ipcctl_obtain_check}: whether the caller may change or remove it. */
  boolean isControlledBy(IpcCaller caller) {
    return isOwnedBy(caller) || caller.isPrivileged();
  }

  /**
   * {@code ipc_update_perm}, for IPC_SET.
   *
   * @param object which, or null where the number names none
   * @return 0; -EINVAL where there is no such object, user or group; -EPERM
   */
  static long update(
      @Nullable IpcObject object, IpcCaller caller, int newUid, int newGid, int newMode) {
    if (object == null) {
      return -Errno.EINVAL;
    }
    if (!object.isControlledBy(caller)) {
      return -Errno.EPERM;
    }
    if (newUid == -1 || newGid == -1) {
      return -Errno.EINVAL;
    }
    object.uid = newUid;
    object.gid = newGid;
    object.mode = (object.mode & ~RIGHTS) | (newMode & RIGHTS);
    return 0;
  }
}
