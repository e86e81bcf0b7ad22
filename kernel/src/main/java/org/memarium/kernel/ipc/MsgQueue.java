package org.memarium.kernel.ipc;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.WaitQueue;

/** {@code struct msg_queue}: messages, oldest first. */
public final class MsgQueue extends IpcObject {
  /** {@code struct msg_msg}: a message. */
  public static final class Message {
    private final int type;
    private final byte[] text;
    private final long slot;

    /**
     * A message.
     *
     * @param type from 1
     * @param text its bytes, which nobody changes any more
     * @param slot its object of kmalloc
     */
    public Message(int type, byte[] text, long slot) {
      this.type = type;
      this.text = text;
      this.slot = slot;
    }

    /** Its type, from 1. */
    public int type() {
      return type;
    }

    /** How many bytes it has. */
    public int bytes() {
      return text.length;
    }

    /** The first bytes of it. */
    public byte[] text(int count) {
      return Arrays.copyOf(text, count);
    }

    long slot() {
      return slot;
    }
  }

  /** What {@code msgrcv} takes. */
  public enum Mode {
    /** The oldest. */
    ANY,
    /** The oldest of a type. */
    EQUAL,
    /** The oldest of any other type. */
    NOT_EQUAL,
    /** The oldest of the lowest type up to one. */
    LESS_EQUAL,
    /** The one at a place in the queue. */
    NUMBER
  }

  final List<Message> messages = new ArrayList<>();
  final WaitQueue receivers = new WaitQueue();
  final WaitQueue senders = new WaitQueue();
  final long slot;
  long bytes;
  long maxBytes;
  int lastSender;
  int lastReceiver;
  long sendSeconds;
  long receiveSeconds;
  long changeSeconds;

  MsgQueue(IpcCaller caller, int key, int flags, long maxBytes, long slot) {
    super(caller, key, flags);
    this.maxBytes = maxBytes;
    this.slot = slot;
  }

  /** {@code find_msg}; null if there is none. */
  @Nullable Message find(int type, Mode mode) {
    if (mode == Mode.NUMBER) {
      return type >= 0 && type < messages.size() ? messages.get(type) : null;
    }
    Message lowest = null;
    for (Message message : messages) {
      boolean fits =
          switch (mode) {
            case EQUAL -> message.type() == type;
            case NOT_EQUAL -> message.type() != type;
            case LESS_EQUAL ->
                message.type() <= type && (lowest == null || message.type() < lowest.type());
            default -> true;
          };
      if (fits && mode != Mode.LESS_EQUAL) {
        return message;
      }
      lowest = fits ? message : lowest;
    }
    return lowest;
  }

  /** {@code msg_fits_inqueue}. */
  boolean hasRoomFor(int moreBytes) {
    return bytes + moreBytes <= maxBytes && 1 + messages.size() <= maxBytes;
  }

  /** Where it is told that a message has come, or the queue is gone. */
  public WaitQueue receivers() {
    return receivers;
  }

  /** Where it is told that there is room, or the queue is gone. */
  public WaitQueue senders() {
    return senders;
  }

  /** {@code q_qnum}. */
  public int count() {
    return messages.size();
  }

  /** {@code q_cbytes}: bytes of all messages. */
  public long bytes() {
    return bytes;
  }

  /** {@code q_qbytes}: how many bytes there may be. */
  public long maxBytes() {
    return maxBytes;
  }

  /** Who sent last; 0: nobody. */
  public int lastSender() {
    return lastSender;
  }

  /** Who received last. */
  public int lastReceiver() {
    return lastReceiver;
  }

  /** When somebody sent last, in seconds since 1970; 0: never. */
  public long sendSeconds() {
    return sendSeconds;
  }

  /** When somebody received last. */
  public long receiveSeconds() {
    return receiveSeconds;
  }

  /** When it was made or set. */
  public long changeSeconds() {
    return changeSeconds;
  }
}
