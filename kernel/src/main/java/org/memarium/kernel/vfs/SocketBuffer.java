package org.memarium.kernel.vfs;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * {@code struct sk_buff}: a piece of a stream, or a message, on its way from one socket to another,
 * with the open files that go along.
 */
final class SocketBuffer {
  /** {@code sizeof(struct skb_shared_info)}, rounded up to lines, behind the bytes. */
  private static final int SHARED_INFO_BYTES = 256;

  private static final int WIDE_SHARED_INFO_BYTES = 320;
  private static final int HEAD_BYTES = 192;
  private static final int WIDE_HEAD_BYTES = 256;
  private static final int LINE_BYTES = 64;

  private final VfsCaches caches;
  private final UnixSock sender;
  private final @Nullable SocketAddress from;
  private final SocketCredentials credentials;

  /** Held here until somebody takes them out. */
  private List<OpenFile> files;

  private final KernelBytes data;
  private final long head;
  private final int bytes;
  private final int trueBytes;

  /** How much of it was read. */
  private int consumed;

  /**
   * Takes the bytes, and the files, which the caller has held for it.
   *
   * @throws ErrnoException ENOBUFS
   */
  SocketBuffer(
      UnixSock sender,
      SocketCredentials credentials,
      List<OpenFile> files,
      byte[] from,
      int offset,
      int count)
      throws ErrnoException {
    this.sender = sender;
    this.caches = sender.caches();
    this.from = sender.nameInMessages();
    this.credentials = credentials;
    this.files = files;
    this.bytes = count;
    boolean wide = caches.wordBytes() == Long.BYTES;
    int room =
        (count + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES
            + (wide ? WIDE_SHARED_INFO_BYTES : SHARED_INFO_BYTES);
    this.trueBytes = room + (wide ? WIDE_HEAD_BYTES : HEAD_BYTES);
    this.head = VfsCaches.alloc(caches.socketBuffer, Errno.ENOBUFS);
    try {
      this.data = new KernelBytes(caches, room, Errno.ENOBUFS);
    } catch (ErrnoException e) {
      VfsCaches.free(caches.socketBuffer, head);
      throw e;
    }
    data.write(0, from, offset, count);
  }

  UnixSock sender() {
    return sender;
  }

  @Nullable SocketAddress from() {
    return from;
  }

  SocketCredentials credentials() {
    return credentials;
  }

  List<OpenFile> files() {
    return files;
  }

  /** Hands the files to who received them. */
  List<OpenFile> takeFiles() {
    List<OpenFile> taken = files;
    files = List.of();
    return taken;
  }

  /** {@code truesize}: what it costs its sender. */
  int trueBytes() {
    return trueBytes;
  }

  int left() {
    return bytes - consumed;
  }

  void copy(int at, byte[] to, int offset, int count) {
    data.read(consumed + at, to, offset, count);
  }

  void consume(int count) {
    consumed += count;
  }

  /** {@code kfree_skb}: closes the files that nobody took. */
  void free() {
    data.free();
    VfsCaches.free(caches.socketBuffer, head);
    sender.sentIsGone(trueBytes);
    sender.domain().release(takeFiles());
  }
}
