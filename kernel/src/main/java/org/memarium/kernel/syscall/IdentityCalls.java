package org.memarium.kernel.syscall;

import java.util.function.ToIntFunction;
import org.memarium.kernel.process.Identity;
import org.memarium.kernel.process.Task;
import org.memarium.mm.Errno;

/**
 * Users and groups: Linux {@code kernel/sys.c}, {@code kernel/uid16.c}. The calls of old have
 * identifiers of 16 bits, in which all ones mean "as it is".
 */
final class IdentityCalls {
  private static final int UNCHANGED = -1;
  private static final int MAX_GROUPS = 65536;

  private final Kernel kernel;

  IdentityCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  private Task task() {
    return kernel.task();
  }

  private Identity identity() {
    return kernel.task().identity();
  }

  void enter(SystemCallTable table) {
    both(table, "getuid", Identity::uid);
    both(table, "geteuid", Identity::euid);
    both(table, "getgid", Identity::gid);
    both(table, "getegid", Identity::egid);
    table.set("setuid", (int uid) -> setuid(PathCalls.wide(uid)));
    table.set("setuid32", this::setuid);
    table.set("setgid", (int gid) -> setgid(PathCalls.wide(gid)));
    table.set("setgid32", this::setgid);
    table.set("setreuid", (int r, int e) -> setreuid(PathCalls.wide(r), PathCalls.wide(e)));
    table.set("setreuid32", this::setreuid);
    table.set("setregid", (int r, int e) -> setregid(PathCalls.wide(r), PathCalls.wide(e)));
    table.set("setregid32", this::setregid);
    table.set(
        "setresuid",
        (int r, int e, int s) ->
            setresuid(PathCalls.wide(r), PathCalls.wide(e), PathCalls.wide(s)));
    table.set("setresuid32", this::setresuid);
    table.set(
        "setresgid",
        (int r, int e, int s) ->
            setresgid(PathCalls.wide(r), PathCalls.wide(e), PathCalls.wide(s)));
    table.set("setresgid32", this::setresgid);
    table.set("getresuid", (int r, int e, int s) -> getres(users(), r, e, s, 2));
    table.set("getresuid32", (int r, int e, int s) -> getres(users(), r, e, s, 4));
    table.set("getresgid", (int r, int e, int s) -> getres(groups(), r, e, s, 2));
    table.set("getresgid32", (int r, int e, int s) -> getres(groups(), r, e, s, 4));
    table.set("setfsuid", (int uid) -> setfsuid(PathCalls.wide(uid)));
    table.set("setfsuid32", this::setfsuid);
    table.set("setfsgid", (int gid) -> setfsgid(PathCalls.wide(gid)));
    table.set("setfsgid32", this::setfsgid);
    table.set("getgroups", (int count, int to) -> getgroups(count, to, 2));
    table.set("getgroups32", (int count, int to) -> getgroups(count, to, 4));
    table.set("setgroups", (int count, int from) -> setgroups(count, from, 2));
    table.set("setgroups32", (int count, int from) -> setgroups(count, from, 4));
  }

  private void both(SystemCallTable table, String name, ToIntFunction<Identity> value) {
    table.set(name, () -> StatCalls.narrow(value.applyAsInt(identity())) & 0xffff);
    table.set(name + "32", () -> Integer.toUnsignedLong(value.applyAsInt(identity())));
  }

  private int[] users() {
    return new int[] {identity().uid(), identity().euid(), identity().suid()};
  }

  private int[] groups() {
    return new int[] {identity().gid(), identity().egid(), identity().sgid()};
  }

  private long users(int real, int effective, int saved) {
    if (!task().cred().prepare()) {
      return -Errno.ENOMEM;
    }
    identity().setUsers(real, effective, saved);
    task().cred().commit();
    return 0;
  }

  private long groups(int real, int effective, int saved) {
    if (!task().cred().prepare()) {
      return -Errno.ENOMEM;
    }
    identity().setGroups(real, effective, saved);
    task().cred().commit();
    return 0;
  }

  private long setuid(int uid) {
    if (uid == UNCHANGED) {
      return -Errno.EINVAL;
    }
    if (identity().isPrivileged()) {
      return users(uid, uid, uid);
    }
    return uid == identity().uid() || uid == identity().suid()
        ? users(identity().uid(), uid, identity().suid())
        : -Errno.EPERM;
  }

  private long setgid(int gid) {
    if (gid == UNCHANGED) {
      return -Errno.EINVAL;
    }
    if (identity().isPrivileged()) {
      return groups(gid, gid, gid);
    }
    return gid == identity().gid() || gid == identity().sgid()
        ? groups(identity().gid(), gid, identity().sgid())
        : -Errno.EPERM;
  }

  private long setreuid(int real, int effective) {
    boolean privileged = identity().isPrivileged();
    boolean realOk = real == UNCHANGED || real == identity().uid() || real == identity().euid();
    boolean effectiveOk = effective == UNCHANGED || identity().ownsUser(effective);
    if (!privileged && !(realOk && effectiveOk)) {
      return -Errno.EPERM;
    }
    int newReal = real == UNCHANGED ? identity().uid() : real;
    int newEffective = effective == UNCHANGED ? identity().euid() : effective;
    boolean follows =
        real != UNCHANGED || (effective != UNCHANGED && effective != identity().uid());
    return users(newReal, newEffective, follows ? newEffective : identity().suid());
  }

  private long setregid(int real, int effective) {
    boolean privileged = identity().isPrivileged();
    boolean realOk = real == UNCHANGED || real == identity().gid() || real == identity().egid();
    boolean effectiveOk = effective == UNCHANGED || identity().ownsGroup(effective);
    if (!privileged && !(realOk && effectiveOk)) {
      return -Errno.EPERM;
    }
    int newReal = real == UNCHANGED ? identity().gid() : real;
    int newEffective = effective == UNCHANGED ? identity().egid() : effective;
    boolean follows =
        real != UNCHANGED || (effective != UNCHANGED && effective != identity().gid());
    return groups(newReal, newEffective, follows ? newEffective : identity().sgid());
  }

  private long setresuid(int real, int effective, int saved) {
    for (int uid : new int[] {real, effective, saved}) {
      if (uid != UNCHANGED && !identity().isPrivileged() && !identity().ownsUser(uid)) {
        return -Errno.EPERM;
      }
    }
    return users(
        real == UNCHANGED ? identity().uid() : real,
        effective == UNCHANGED ? identity().euid() : effective,
        saved == UNCHANGED ? identity().suid() : saved);
  }

  private long setresgid(int real, int effective, int saved) {
    for (int gid : new int[] {real, effective, saved}) {
      if (gid != UNCHANGED && !identity().isPrivileged() && !identity().ownsGroup(gid)) {
        return -Errno.EPERM;
      }
    }
    return groups(
        real == UNCHANGED ? identity().gid() : real,
        effective == UNCHANGED ? identity().egid() : effective,
        saved == UNCHANGED ? identity().sgid() : saved);
  }

  private long getres(int[] ids, int real, int effective, int saved, int bytes) {
    int[] addresses = {real, effective, saved};
    for (int i = 0; i < ids.length; i++) {
      kernel.memory().write(Integer.toUnsignedLong(addresses[i]), id(ids[i], bytes));
    }
    return 0;
  }

  /** Answers the identifier that held before, whether it changed or not. */
  private long setfsuid(int uid) {
    int before = identity().fsuid();
    if (identity().isPrivileged() || identity().ownsUser(uid) || uid == before) {
      if (uid != UNCHANGED && task().cred().prepare()) {
        identity().setFsuid(uid);
        task().cred().commit();
      }
    }
    return Integer.toUnsignedLong(before);
  }

  private long setfsgid(int gid) {
    int before = identity().fsgid();
    if (identity().isPrivileged() || identity().ownsGroup(gid) || gid == before) {
      if (gid != UNCHANGED && task().cred().prepare()) {
        identity().setFsgid(gid);
        task().cred().commit();
      }
    }
    return Integer.toUnsignedLong(before);
  }

  private long getgroups(int count, int to, int bytes) {
    int[] groups = identity().groups();
    if (count < 0 || (count > 0 && count < groups.length)) {
      return -Errno.EINVAL;
    }
    if (count > 0) {
      long at = Integer.toUnsignedLong(to);
      for (int i = 0; i < groups.length; i++) {
        kernel.memory().write(at + (long) bytes * i, id(groups[i], bytes));
      }
    }
    return groups.length;
  }

  private long setgroups(int count, int from, int bytes) {
    if (!identity().isPrivileged()) {
      return -Errno.EPERM;
    }
    if (count < 0 || count > MAX_GROUPS) {
      return -Errno.EINVAL;
    }
    int[] groups = new int[count];
    long at = Integer.toUnsignedLong(from);
    for (int i = 0; i < count; i++) {
      byte[] raw = kernel.memory().read(at + (long) bytes * i, bytes);
      for (int b = bytes - 1; b >= 0; b--) {
        groups[i] = groups[i] << 8 | (raw[b] & 0xff);
      }
    }
    if (!task().cred().prepare()) {
      return -Errno.ENOMEM;
    }
    identity().setSupplementary(groups);
    task().cred().commit();
    return 0;
  }

  private static byte[] id(int id, int bytes) {
    int value = bytes == 2 ? StatCalls.narrow(id) : id;
    byte[] raw = new byte[bytes];
    for (int b = 0; b < bytes; b++) {
      raw[b] = (byte) (value >>> (8 * b));
    }
    return raw;
  }
}
