package org.memarium.kernel.procfs;

import java.util.Arrays;
import org.memarium.hardware.Ram;
import org.memarium.kernel.ipc.IpcIds;
import org.memarium.kernel.ipc.IpcNamespace;
import org.memarium.kernel.ipc.IpcObject;
import org.memarium.kernel.ipc.MessageQueues;
import org.memarium.kernel.ipc.MsgQueue;
import org.memarium.kernel.ipc.SemSet;
import org.memarium.kernel.ipc.Semaphores;
import org.memarium.kernel.ipc.SharedMemory;
import org.memarium.kernel.ipc.ShmSegment;
import org.memarium.mm.Errno;

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
      out.append(' ').append(wide.formatted(segment.swappedPages() << Ram.PAGE_SHIFT)).append('\n');
    }
    return out.toString();
  }

  /** {@code sysvipc_sem_proc_show}. */
  static String sem(Semaphores semaphores) {
    StringBuilder out = new StringBuilder();
    out.append("       key      semid perms      nsems   uid   gid  cuid  cgid");
    out.append("      otime      ctime\n");
    for (SemSet set : semaphores.ids().all()) {
      out.append(
          "%10d %10d  %4o %10d ".formatted(set.key(), set.id(), set.mode(), set.semaphores()));
      out.append(owners(set));
      out.append(" %10d %10d\n".formatted(set.operationSeconds(), set.changeSeconds()));
    }
    return out.toString();
  }

  /** {@code sysvipc_msg_proc_show}. */
  static String msg(MessageQueues queues) {
    StringBuilder out = new StringBuilder();
    out.append("       key      msqid perms      cbytes       qnum lspid lrpid");
    out.append("   uid   gid  cuid  cgid      stime      rtime      ctime\n");
    for (MsgQueue queue : queues.ids().all()) {
      out.append("%10d %10d  %4o  ".formatted(queue.key(), queue.id(), queue.mode()));
      out.append("%10d %10d ".formatted(queue.bytes(), queue.count()));
      out.append("%5d %5d ".formatted(queue.lastSender(), queue.lastReceiver()));
      out.append(owners(queue));
      out.append(
          " %10d %10d %10d\n"
              .formatted(queue.sendSeconds(), queue.receiveSeconds(), queue.changeSeconds()));
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
    Semaphores semaphores = ipc.semaphores();
    kernel.file(
        "sem",
        Sysctl.WRITABLE,
        () -> SysctlNumbers.print(Arrays.stream(semaphores.limits()).asLongStream().toArray()),
        bytes -> setSemaphoreLimits(semaphores, bytes));
    nextId(kernel, "sem_next_id", semaphores.ids());
    MessageQueues queues = ipc.messageQueues();
    int max = Integer.MAX_VALUE;
    kernel.integer("msgmax", 0, max, queues::maxMessageBytes, queues::setMaxMessageBytes);
    kernel.integer("msgmnb", 0, max, queues::maxQueueBytes, queues::setMaxQueueBytes);
    kernel.integer("msgmni", 0, IpcIds.MAX_OBJECTS, queues::maxQueues, queues::setMaxQueues);
    nextId(kernel, "msg_next_id", queues.ids());
  }

  /** {@code proc_ipc_sem_dointvec}: the last of the four has a limit. */
  private static long setSemaphoreLimits(Semaphores semaphores, byte[] bytes) {
    int[] limits = semaphores.limits();
    long result = SysctlNumbers.parseInts(bytes, limits, Integer.MIN_VALUE, Integer.MAX_VALUE);
    if (result >= 0 && (limits[3] < 0 || limits[3] > IpcIds.MAX_OBJECTS)) {
      return -Errno.ERANGE;
    }
    if (result >= 0) {
      semaphores.setLimits(limits);
    }
    return result;
  }

  private static void nextId(Sysctl kernel, String name, IpcIds<?> ids) {
    kernel.integer(name, 0, Integer.MAX_VALUE, ids::nextId, ids::setNextId);
  }
}
