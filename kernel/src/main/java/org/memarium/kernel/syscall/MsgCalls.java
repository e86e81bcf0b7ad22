package org.memarium.kernel.syscall;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.ipc.IpcResult;
import org.memarium.kernel.ipc.MessageQueues;
import org.memarium.kernel.ipc.MsgQueue;
import org.memarium.kernel.ipc.MsgQueue.Mode;
import org.memarium.kernel.process.UserFaultException;
import org.memarium.kernel.wait.Restart;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.mm.Errno;

/** {@code msgget}, {@code msgsnd}, {@code msgrcv} and {@code msgctl}; Linux {@code ipc/msg.c}. */
final class MsgCalls {
  private static final int IPC_RMID = 0;
  private static final int IPC_SET = 1;
  private static final int IPC_STAT = 2;
  private static final int IPC_INFO = 3;
  private static final int MSG_STAT = 11;
  private static final int MSG_INFO = 12;
  private static final int MSG_STAT_ANY = 13;

  private static final int IPC_NOWAIT = 04000;
  private static final int MSG_NOERROR = 010000;
  private static final int MSG_EXCEPT = 020000;
  private static final int MSG_COPY = 040000;

  private static final int DS_BYTES = 88;
  private static final int OLD_DS_BYTES = 56;
  private static final int INFO_BYTES = 32;
  private static final int MSGSSZ = 16;
  private static final int MSGSEG = 0xffff;

  /** {@code MSGMNB}, and what is derived from it and from {@code MSGMNI}. */
  private static final int MSGMNB = 16_384;

  private static final int MSGPOOL = 32_000 * MSGMNB / 1024;

  private final Kernel kernel;
  private final MessageQueues queues;

  MsgCalls(Kernel kernel) {
    this.kernel = kernel;
    this.queues = kernel.ipc().messageQueues();
  }

  void enter(SystemCallTable table) {
    table.set("msgget", this::msgget);
    table.set("msgsnd", this::msgsnd);
    table.set("msgrcv", this::msgrcv);
    int ignored = IpcStruct.ignoredIn(kernel);
    table.set(
        "msgctl",
        (int id, int command, int buffer) -> msgctl(id, command & ~ignored, buffer, false));
  }

  private TaskAsIpcCaller caller() {
    return new TaskAsIpcCaller(kernel.task());
  }

  long msgget(int key, int flags) {
    return queues.msgget(caller(), key, flags);
  }

  // ---- msgsnd and msgrcv ----

  /** {@code do_msgsnd}. */
  long msgsnd(int id, int pointer, int bytes, int flags) {
    long at = Integer.toUnsignedLong(pointer);
    int type = kernel.memory().readInt(at);
    if (bytes < 0 || bytes > queues.maxMessageBytes() || id < 0 || type < 1) {
      return -Errno.EINVAL;
    }
    MsgQueue.Message message = load(type, at + Integer.BYTES, bytes);
    if (message == null) {
      return -Errno.ENOMEM;
    }
    MsgQueue queue = queues.find(id);
    long result = queue == null ? -Errno.EINVAL : queues.send(caller(), queue, message);
    if (result <= 0) {
      if (result < 0) {
        queues.free(message);
      }
      return result;
    }
    if (queue == null || (flags & IPC_NOWAIT) != 0) {
      queues.free(message);
      return -Errno.EAGAIN;
    }
    return kernel.sleep(new Send(queue, message), queue.senders());
  }

  /** {@code load_msg}: null if there is no memory for it. */
  private MsgQueue.@Nullable Message load(int type, long address, int bytes) {
    long slot = queues.allocate(bytes);
    if (slot == 0) {
      return null;
    }
    try {
      return new MsgQueue.Message(type, kernel.memory().read(address, bytes), slot);
    } catch (UserFaultException notThere) {
      queues.free(slot);
      throw notThere;
    }
  }

  /** A sleep until there is room. */
  private final class Send implements SleepingCall {
    private final MsgQueue queue;
    private final MsgQueue.Message message;
    private boolean sent;

    Send(MsgQueue queue, MsgQueue.Message message) {
      this.queue = queue;
      this.message = message;
    }

    @Override
    public long tryAgain() {
      long result = queues.send(caller(), queue, message);
      sent = result == 0;
      return result > 0 ? ASLEEP : result;
    }

    @Override
    public long interrupted() {
      return -Restart.NOHAND;
    }

    @Override
    public void ended() {
      if (!sent) {
        queues.free(message);
      }
    }

    @Override
    public String what() {
      return "room in message queue " + queue.id();
    }
  }

  /** {@code do_msgrcv}. */
  long msgrcv(int id, int pointer, int bytes, int type, int flags) {
    if (id < 0 || bytes < 0) {
      return -Errno.EINVAL;
    }
    boolean copies = (flags & MSG_COPY) != 0;
    if (copies && ((flags & MSG_EXCEPT) != 0 || (flags & IPC_NOWAIT) == 0)) {
      return -Errno.EINVAL;
    }
    MsgQueue queue = queues.find(id);
    if (queue == null) {
      return -Errno.EINVAL;
    }
    Receive receive = new Receive(queue, pointer, bytes, type, flags);
    long result = receive.tryAgain();
    if (result != SleepingCall.ASLEEP) {
      return result;
    }
    if ((flags & IPC_NOWAIT) != 0) {
      return -Errno.ENOMSG;
    }
    return kernel.sleep(receive, queue.receivers());
  }

  /** {@code convert_mode}. */
  private static Mode mode(int type, int flags) {
    if ((flags & MSG_COPY) != 0) {
      return Mode.NUMBER;
    }
    if (type == 0) {
      return Mode.ANY;
    }
    if (type < 0) {
      return Mode.LESS_EQUAL;
    }
    return (flags & MSG_EXCEPT) != 0 ? Mode.NOT_EQUAL : Mode.EQUAL;
  }

  /** A sleep until there is a message. */
  private final class Receive implements SleepingCall {
    private final MsgQueue queue;
    private final int pointer;
    private final int bytes;
    private final int type;
    private final Mode mode;
    private final int flags;

    Receive(MsgQueue queue, int pointer, int bytes, int type, int flags) {
      this.queue = queue;
      this.pointer = pointer;
      this.bytes = bytes;
      this.flags = flags;
      mode = mode(type, flags);
      int positive = type == Integer.MIN_VALUE ? Integer.MAX_VALUE : -type;
      this.type = mode == Mode.LESS_EQUAL ? positive : type;
    }

    @Override
    public long tryAgain() {
      boolean copies = mode == Mode.NUMBER;
      boolean cuts = (flags & MSG_NOERROR) != 0;
      MessageQueues.Received received =
          queues.receive(caller(), queue, type, mode, bytes, cuts, copies);
      MsgQueue.Message message = received.message();
      if (message == null) {
        return received.error() == 0 ? ASLEEP : received.error();
      }
      int length = Math.min(bytes, message.bytes());
      byte[] text = message.text(length);
      if (!copies) {
        queues.free(message);
      }
      long at = Integer.toUnsignedLong(pointer);
      kernel.memory().writeInt(at, message.type());
      kernel.memory().write(at + Integer.BYTES, text);
      return length;
    }

    @Override
    public long interrupted() {
      return -Restart.NOHAND;
    }

    @Override
    public String what() {
      return "a message in queue " + queue.id();
    }
  }

  // ---- msgctl ----

  /**
   * {@code ksys_msgctl}.
   *
   * @param old whether the structures are those of old
   */
  long msgctl(int id, int command, int buffer, boolean old) {
    if (id < 0 || command < 0) {
      return -Errno.EINVAL;
    }
    return switch (command) {
      case IPC_INFO, MSG_INFO -> info(buffer, command == MSG_INFO);
      case IPC_STAT -> stat(queues.stat(caller(), id), buffer, old, false);
      case MSG_STAT -> stat(queues.statAt(caller(), id, false), buffer, old, true);
      case MSG_STAT_ANY -> stat(queues.statAt(caller(), id, true), buffer, old, true);
      case IPC_SET -> set(id, buffer, old);
      case IPC_RMID -> queues.remove(caller(), id);
      default -> -Errno.EINVAL;
    };
  }

  /** {@code msgctl_info}: {@code struct msginfo}, three of whose numbers have two meanings. */
  private long info(int buffer, boolean present) {
    long bytes = 0;
    long messages = 0;
    for (MsgQueue queue : queues.ids().all()) {
      bytes += queue.bytes();
      messages += queue.count();
    }
    new IpcStruct(INFO_BYTES)
        .word(present ? queues.ids().inUse() : MSGPOOL)
        .word(present ? messages : MSGMNB)
        .word(queues.maxMessageBytes())
        .word(queues.maxQueueBytes())
        .word(queues.maxQueues())
        .word(MSGSSZ)
        .word(present ? bytes : MSGMNB)
        .half(MSGSEG)
        .copyOut(kernel.memory(), buffer);
    return queues.ids().maxIndex();
  }

  /** {@code copy_msqid_from_user}: how many bytes the queue may hold can be set, too. */
  private long set(int id, int buffer, boolean old) {
    int size = old ? OLD_DS_BYTES : DS_BYTES;
    IpcStruct.Wanted wanted = IpcStruct.Wanted.copyIn(kernel.memory(), buffer, size, old);
    long bytes;
    if (old) {
      // A 64-bit kernel does not know of msg_lqbytes.
      long narrow = wanted.rest().getShort(48) & 0xffff;
      boolean wide = narrow == 0 && kernel.wordBytes() == 4;
      bytes = wide ? Integer.toUnsignedLong(wanted.rest().getInt(40)) : narrow;
    } else {
      bytes = Integer.toUnsignedLong(wanted.rest().getInt(68));
    }
    return queues.set(caller(), id, wanted.uid(), wanted.gid(), wanted.mode(), bytes);
  }

  /**
   * {@code copy_msqid_to_user}.
   *
   * <pre>
   *   struct msqid64_ds
   *   0     36    44    52    60     64   68     72    76    80  88
   *  +-----+-----+-----+-----+------+----+------+-----+-----+---+
   *  |perm |stime|rtime|ctime|cbytes|qnum|qbytes|lspid|lrpid| - |
   *  +-----+-----+-----+-----+------+----+------+-----+-----+---+
   *
   *   struct msqid_ds                              16 bits each
   *   0     16   24    28    32    36      40      44     46   48     50    52    56
   *  +-----+----+-----+-----+-----+-------+-------+------+----+------+-----+-----+
   *  |perm | -  |stime|rtime|ctime|lcbytes|lqbytes|cbytes|qnum|qbytes|lspid|lrpid|
   *  +-----+----+-----+-----+-----+-------+-------+------+----+------+-----+-----+
   * </pre>
   */
  private long stat(IpcResult<MsgQueue> found, int buffer, boolean old, boolean tellsId) {
    MsgQueue queue = found.object();
    if (queue == null) {
      return found.error();
    }
    IpcStruct out = new IpcStruct(old ? OLD_DS_BYTES : DS_BYTES);
    out.perm(queue, old);
    if (old) {
      out.word(0).word(0).word(queue.sendSeconds()).word(queue.receiveSeconds());
      boolean wide = kernel.wordBytes() == 4;
      out.word(queue.changeSeconds());
      out.word(wide ? queue.bytes() : 0).word(wide ? queue.maxBytes() : 0);
      out.half(Math.min(queue.bytes(), MSGSEG)).half(Math.min(queue.count(), MSGSEG));
      out.half(Math.min(queue.maxBytes(), MSGSEG));
      out.half(queue.lastSender()).half(queue.lastReceiver());
    } else {
      out.seconds(queue.sendSeconds()).seconds(queue.receiveSeconds());
      out.seconds(queue.changeSeconds()).word(queue.bytes()).word(queue.count());
      out.word(queue.maxBytes()).word(queue.lastSender()).word(queue.lastReceiver());
    }
    out.copyOut(kernel.memory(), buffer);
    return tellsId ? queue.id() : 0;
  }
}
