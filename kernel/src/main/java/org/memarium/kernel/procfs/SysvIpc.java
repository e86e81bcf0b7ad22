package org.memarium.kernel.procfs;

import org.memarium.hardware.Ram;
import org.memarium.kernel.ipc.IpcIds;
import org.memarium.kernel.ipc.IpcNamespace;
import org.memarium.kernel.ipc.SharedMemory;
import org.memarium.kernel.ipc.ShmSegment;

/**
 * {@code /proc/sysvipc}, and the limits of System V's objects in {@code /proc/sys/kernel}; Linux
 * {@code ipc/shm.c}, {@code ipc/ipc_sysctl.c}.
 */
final class SysvIpc {
  private static final String SHM_HEADER =
      "       key      shmid perms %s  cpid  lpid nattch   uid   gid  cuid  cgid"
          + "      atime      dtime      ctime %s %s\n";
  private static final String SHM_LINE =
      "%10d %10d  %4o %s %5d %5d  %5d %5d %5d %5d %5d %10d %10d %10d %s %s\n";

  private SysvIpc() {}

  /** {@code sysvipc_shm_proc_show}: sizes are as wide as the kernel's word asks for. */
  static String shm(SharedMemory shm, int wordBytes) {
    String wide = wordBytes == 4 ? "%10s" : "%21s";
    StringBuilder out = new StringBuilder();
    out.append(
        SHM_HEADER.formatted(wide.formatted("size"), wide.formatted("rss"), wide.formatted("swap")));
    for (ShmSegment segment : shm.ids().all()) {
      out.append(
          SHM_LINE.formatted(
              segment.key(),
              segment.id(),
              segment.mode(),
              wide.formatted(segment.bytes()),
              segment.creatorPid(),
              segment.lastPid(),
              segment.attached(),
              segment.uid(),
              segment.gid(),
              segment.creatorUid(),
              segment.creatorGid(),
              segment.attachSeconds(),
              segment.detachSeconds(),
              segment.changeSeconds(),
              wide.formatted(segment.residentPages() << Ram.PAGE_SHIFT),
              wide.formatted(0)));
    }
    return out.toString();
  }

  /** Puts the limits into {@code /proc/sys/kernel}. */
  static void addLimits(Sysctl kernel, IpcNamespace ipc) {
    SharedMemory shm = ipc.sharedMemory();
    kernel.unsignedLong("shmmax", 0, shm::maxBytes, shm::setMaxBytes);
    kernel.unsignedLong("shmall", 0, shm::maxTotalPages, shm::setMaxTotalPages);
    kernel.integer("shmmni", 0, IpcIds.MAX_OBJECTS, shm::maxSegments, shm::setMaxSegments);
    kernel.integer(
        "shm_rmid_forced",
        0,
        1,
        () -> shm.isRmidForced() ? 1 : 0,
        forced -> shm.setRmidForced(forced != 0));
    nextId(kernel, "shm_next_id", shm.ids());
  }

  private static void nextId(Sysctl kernel, String name, IpcIds<?> ids) {
    kernel.integer(name, 0, Integer.MAX_VALUE, ids::nextId, ids::setNextId);
  }
}
