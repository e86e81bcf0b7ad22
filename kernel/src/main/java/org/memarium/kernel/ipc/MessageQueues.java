package org.memarium.kernel.ipc;

import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.Kmalloc;

/** Message queues of System V; Linux {@code ipc/msg.c}. */
public final class MessageQueues {
  private static final int DEFAULT_MESSAGE_BYTES = 8192;
  private static final int DEFAULT_QUEUE_BYTES = 16_384;
  private static final int DEFAULT_QUEUES = 32_000;

  private static final int S_IRUGO = 0444;
  private static final int S_IWUGO = 0222;

  private static final int QUEUE_BYTES = 256;
  private static final int MESSAGE_HEADER_BYTES = 48;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final Kmalloc kmalloc;
  private final LongSupplier realtimeNanos;
  private final IpcIds<MsgQueue> ids = new IpcIds<>();

  // ---- msgmax, msgmnb, msgmni of /proc/sys/kernel ----
  private int maxMessageBytes = DEFAULT_MESSAGE_BYTES;
  private int maxQueueBytes = DEFAULT_QUEUE_BYTES;
  private int maxQueues = DEFAULT_QUEUES;

  MessageQueues(Kmalloc kmalloc, LongSupplier realtimeNanos) {
    this.kmalloc = kmalloc;
    this.realtimeNanos = realtimeNanos;
  }

  private long nowSeconds() {
    return realtimeNanos.getAsLong() / NANOS_PER_SECOND;
  }

  /** {@code msgget}: a number, or a negative errno. */
  public long msgget(IpcCaller caller, int key, int flags) {
    return ids.get(caller, key, flags, () -> newQueue(caller, key, flags), found -> 0);
  }

  private long newQueue(IpcCaller caller, int key, int flags) {
    long slot = kmalloc.kmalloc(QUEUE_BYTES, Gfp.GFP_KERNEL_ACCOUNT);
    if (slot == 0) {
      return -Errno.ENOMEM;
    }
    MsgQueue queue = new MsgQueue(caller, key, flags, maxQueueBytes, slot);
    queue.changeSeconds = nowSeconds();
    long id = ids.add(queue, maxQueues);
    if (id < 0) {
      kmalloc.kfree(slot);
    }
    return id;
  }

  /** The queue of a number; null if there is none. */
  public @Nullable MsgQueue find(int id) {
    return ids.find(id);
  }

  /** {@code alloc_msg}: kernel memory for a message; 0 if there is none. */
  public long allocate(int bytes) {
    return kmalloc.kmalloc(MESSAGE_HEADER_BYTES + (long) bytes, Gfp.GFP_KERNEL_ACCOUNT);
  }

  /** {@code free_msg}. */
  public void free(MsgQueue.Message message) {
    free(message.slot());
  }

  /** Gives back what {@link #allocate} gave. */
  public void free(long slot) {
    kmalloc.kfree(slot);
  }

  /**
   * Tries to send.
   *
   * @return 0: the queue has it; a negative errno; 1: there is no room
   */
  public long send(IpcCaller caller, MsgQueue queue, MsgQueue.Message message) {
    if (queue.isRemoved()) {
      return -Errno.EIDRM;
    }
    if (!queue.permits(caller, S_IWUGO)) {
      return -Errno.EACCES;
    }
    if (!queue.hasRoomFor(message.bytes())) {
      return 1;
    }
    queue.messages.add(message);
    queue.bytes += message.bytes();
    queue.lastSender = caller.tgid();
    queue.sendSeconds = nowSeconds();
    queue.receivers.wakeUpAll();
    return 0;
  }

  /** What {@link #receive} found: a message, or 0 (none) or a negative errno. */
  public record Received(MsgQueue.@Nullable Message message, long error) {}

  /**
   * Tries to receive.
   *
   * @param bytes how large a message may be
   * @param cuts MSG_NOERROR: a larger one is cut
   * @param copies MSG_COPY: it stays in the queue
   */
  public Received receive(
      IpcCaller caller,
      MsgQueue queue,
      int type,
      MsgQueue.Mode mode,
      long bytes,
      boolean cuts,
      boolean copies) {
    if (queue.isRemoved()) {
      return new Received(null, -Errno.EIDRM);
    }
    if (!queue.permits(caller, S_IRUGO)) {
      return new Received(null, -Errno.EACCES);
    }
    MsgQueue.Message message = queue.find(type, mode);
    if (message == null) {
      return new Received(null, 0);
    }
    if (bytes < message.bytes() && !cuts) {
      return new Received(null, -Errno.E2BIG);
    }
    if (!copies) {
      queue.messages.remove(message);
      queue.bytes -= message.bytes();
      queue.lastReceiver = caller.tgid();
      queue.receiveSeconds = nowSeconds();
      queue.senders.wakeUpAll();
    }
    return new Received(message, 0);
  }

  // ---- msgctl ----

  /** IPC_STAT. */
  public IpcResult<MsgQueue> stat(IpcCaller caller, int id) {
    return IpcResult.ifPermitted(caller, ids.find(id), S_IRUGO);
  }

  /** MSG_STAT and MSG_STAT_ANY. */
  public IpcResult<MsgQueue> statAt(IpcCaller caller, int index, boolean any) {
    return IpcResult.ifPermitted(caller, ids.atIndexOf(index), any ? 0 : S_IRUGO);
  }

  /** IPC_SET: 0 or a negative errno. */
  public long set(IpcCaller caller, int id, int uid, int gid, int mode, long bytes) {
    MsgQueue queue = ids.find(id);
    if (queue != null
        && queue.isControlledBy(caller)
        && bytes > maxQueueBytes
        && !caller.isPrivileged()) {
      return -Errno.EPERM;
    }
    long result = IpcObject.update(queue, caller, uid, gid, mode);
    if (queue != null && result == 0) {
      queue.maxBytes = bytes;
      queue.changeSeconds = nowSeconds();
      queue.senders.wakeUpAll();
      queue.receivers.wakeUpAll();
    }
    return result;
  }

  /** IPC_RMID: who waits hears of it. */
  public long remove(IpcCaller caller, int id) {
    MsgQueue queue = ids.find(id);
    if (queue == null || !queue.isControlledBy(caller)) {
      return queue == null ? -Errno.EINVAL : -Errno.EPERM;
    }
    ids.remove(queue);
    List.copyOf(queue.messages).forEach(this::free);
    queue.messages.clear();
    kmalloc.kfree(queue.slot);
    queue.senders.wakeUpAll();
    queue.receivers.wakeUpAll();
    return 0;
  }

  /** The queues. */
  public IpcIds<MsgQueue> ids() {
    return ids;
  }

  /** {@code msgmax}: the largest message. */
  public int maxMessageBytes() {
    return maxMessageBytes;
  }

  /** Sets {@code msgmax}. */
  public void setMaxMessageBytes(int bytes) {
    maxMessageBytes = bytes;
  }

  /** {@code msgmnb}: what a new queue may hold. */
  public int maxQueueBytes() {
    return maxQueueBytes;
  }

  /** Sets {@code msgmnb}. */
  public void setMaxQueueBytes(int bytes) {
    maxQueueBytes = bytes;
  }

  /** {@code msgmni}: how many queues there may be. */
  public int maxQueues() {
    return maxQueues;
  }

  /** Sets {@code msgmni}. */
  public void setMaxQueues(int queues) {
    maxQueues = queues;
  }
}
