package org.memarium.kernel.procfs;

import org.memarium.hardware.Ram;
import org.memarium.kernel.ipc.IpcIds;
import org.memarium.kernel.ipc.IpcNamespace;
import org.memarium.kernel.ipc.IpcObject;
import org.memarium.kernel.ipc.SharedMemory;
import org.memarium.kernel.ipc.ShmSegment;

/**
 * {@code /proc/sysvipc}, and the limits of System V's objects in {@code /proc/sys/kernel}; Linux
 * {@code ipc/shm.c}, {@code ipc/ipc_sysctl.c}.
 */
final class SysvIpc {
  private SysvIpc() {}

  /** {@code sysvipc_shm_proc_show}: sizes are as wide as the kernel's word asks for. */
  static String shm(SharedMemory shm, int wordBytes) {
    String wide = wordBytes == 4 ? "%10s" : "%21s";
    StringBuilder out = new StringBuilder();
    out.append("       key      shmid perms ").append(wide.formatted("size"));
    out.append("  cpid  lpid nattch   uid   gid  cuid  cgid");
    out.append("      atime      dtime      ctime ");
    out.append(wide.formatted("rss")).append(' ').append(wide.formatted("swap")).append('\n');
    for (ShmSegment segment : shm.ids().all()) {
      out.append("%10d %10d  %4o ".formatted(segment.key(), segment.id(), segment.mode()));
      out.append(wide.formatted(segment.bytes()));
      out.append(
          " %5d %5d  %5d ".formatted(segment.creatorPid(), segment.lastPid(), segment.attached()));
      out.append(owners(segment));
      out.append(
          " %10d %10d %10d "
              .formatted(
                  segment.attachSeconds(), segment.detachSeconds(), segment.changeSeconds()));
      out.append(wide.formatted(segment.residentPages() << Ram.PAGE_SHIFT));
      out.append(' ').append(wide.formatted(0)).append('\n');
    }
    return out.toString();
  }

  private static String owners(IpcObject object) {
    return "%5d %5d %5d %5d"
        .formatted(object.uid(), object.gid(), object.creatorUid(), object.creatorGid());
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
