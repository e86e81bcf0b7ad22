package org.memarium.kernel.syscall;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.vfs.SocketCredentials;
import org.memarium.kernel.vfs.UnixSocket;
import org.memarium.mm.Errno;

/**
 * What goes beside the bytes of a message: open files and credentials; Linux {@code
 * net/core/scm.c}.
 *
 * <pre>
 *   struct cmsghdr on i386:   cmsg_len 4   cmsg_level 4   cmsg_type 4   data ...   up to 4
 * </pre>
 */
final class ControlMessages {
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int SCM_CREDENTIALS = 2;

  /** {@code SCM_MAX_FD}. */
  private static final int MAX_FILES = 253;

  private static final int HEADER_BYTES = 12;
  private static final int CREDENTIALS_BYTES = 12;

  /** More than any message may have. */
  private static final int MAX_BYTES = 20_480;

  private final Kernel kernel;

  ControlMessages(Kernel kernel) {
    this.kernel = kernel;
  }

  /**
   * What a sender attached.
   *
   * @param files not held yet
   * @param credentials null: its own
   */
  record Sent(List<OpenFile> files, @Nullable SocketCredentials credentials) {
    static final Sent NOTHING = new Sent(List.of(), null);
  }

  /**
   * {@code __scm_send}.
   *
   * @throws CallFailedException EINVAL, EBADF, EPERM
   */
  Sent read(int address, int bytes, SocketCredentials own) {
    if (address == 0 || bytes == 0) {
      return Sent.NOTHING;
    }
    if (bytes < 0 || bytes > MAX_BYTES) {
      throw new CallFailedException(Errno.ENOBUFS);
    }
    byte[] raw = kernel.memory().read(Integer.toUnsignedLong(address), bytes);
    List<OpenFile> files = new ArrayList<>();
    SocketCredentials credentials = null;
    int at = 0;
    while (at + HEADER_BYTES <= raw.length) {
      int length = Bytes.getInt(raw, at);
      if (length < HEADER_BYTES || length > raw.length - at) {
        throw new CallFailedException(Errno.EINVAL);
      }
      int data = at + HEADER_BYTES;
      if (Bytes.getInt(raw, at + 4) == SOL_SOCKET) {
        switch (Bytes.getInt(raw, at + 8)) {
          case SCM_RIGHTS -> addFiles(raw, data, (length - HEADER_BYTES) / Integer.BYTES, files);
          case SCM_CREDENTIALS -> credentials = credentials(raw, data, length, own);
          default -> throw new CallFailedException(Errno.EINVAL);
        }
      }
      at += (length + Integer.BYTES - 1) & -Integer.BYTES;
    }
    return new Sent(List.copyOf(files), credentials);
  }

  private void addFiles(byte[] raw, int at, int count, List<OpenFile> files) {
    if (files.size() + count > MAX_FILES) {
      throw new CallFailedException(Errno.EINVAL);
    }
    for (int i = 0; i < count; i++) {
      OpenFile file = kernel.task().files().get(Bytes.getInt(raw, at + Integer.BYTES * i));
      if (file == null || file.isPathOnly()) {
        throw new CallFailedException(Errno.EBADF);
      }
      files.add(file);
    }
  }

  /** {@code scm_check_creds}: who is not root tells of himself. */
  private SocketCredentials credentials(byte[] raw, int at, int length, SocketCredentials own) {
    if (length != HEADER_BYTES + CREDENTIALS_BYTES) {
      throw new CallFailedException(Errno.EINVAL);
    }
    SocketCredentials told =
        new SocketCredentials(
            Bytes.getInt(raw, at), Bytes.getInt(raw, at + 4), Bytes.getInt(raw, at + 8));
    boolean root = kernel.task().identity().euid() == 0;
    boolean ownPid = told.pid() == own.pid();
    boolean ownUser = kernel.task().identity().ownsUser(told.uid());
    boolean ownGroup = kernel.task().identity().ownsGroup(told.gid());
    if (!root && !(ownPid && ownUser && ownGroup)) {
      throw new CallFailedException(Errno.EPERM);
    }
    return told;
  }

  /**
   * What went to a receiver.
   *
   * @param bytes of its control buffer
   * @param truncated whether there was more
   */
  record Written(int bytes, boolean truncated) {}

  /** {@code scm_recv}, {@code scm_detach_fds}: the files become descriptors. */
  Written write(
      int address,
      int room,
      UnixSocket.Received received,
      boolean withCredentials,
      boolean closeOnExec) {
    try {
      return write(
          Integer.toUnsignedLong(address),
          address == 0 ? 0 : Math.max(room, 0),
          withCredentials ? received.credentials() : null,
          received.files(),
          closeOnExec);
    } finally {
      received.files().forEach(OpenFile::release);
    }
  }

  private Written write(
      long at,
      int room,
      @Nullable SocketCredentials who,
      List<OpenFile> files,
      boolean closeOnExec) {
    int left = room;
    boolean truncated = false;
    int used = 0;
    if (who != null) {
      int length = HEADER_BYTES + CREDENTIALS_BYTES;
      if (left < HEADER_BYTES) {
        truncated = true;
      } else {
        byte[] raw = new byte[length];
        header(raw, Math.min(length, left), SCM_CREDENTIALS);
        Bytes.putInt(raw, HEADER_BYTES, who.pid());
        Bytes.putInt(raw, HEADER_BYTES + 4, who.uid());
        Bytes.putInt(raw, HEADER_BYTES + 8, who.gid());
        truncated = left < length;
        int copied = Math.min(length, left);
        kernel.memory().write(at, Arrays.copyOf(raw, copied));
        used += copied;
        left -= copied;
      }
    }
    if (!files.isEmpty()) {
      int fits = Math.max(0, (left - HEADER_BYTES) / Integer.BYTES);
      int given = give(at + used, Math.min(fits, files.size()), files, closeOnExec);
      truncated |= given < files.size();
      used += given == 0 ? 0 : HEADER_BYTES + Integer.BYTES * given;
    }
    return new Written(used, truncated);
  }

  private int give(long at, int most, List<OpenFile> files, boolean closeOnExec) {
    int given = 0;
    byte[] raw = new byte[HEADER_BYTES + Integer.BYTES * most];
    while (given < most) {
      int fd = kernel.task().files().install(files.get(given), closeOnExec);
      if (fd < 0) {
        break;
      }
      Bytes.putInt(raw, HEADER_BYTES + Integer.BYTES * given, fd);
      given++;
    }
    if (given > 0) {
      int length = HEADER_BYTES + Integer.BYTES * given;
      header(raw, length, SCM_RIGHTS);
      kernel.memory().write(at, Arrays.copyOf(raw, length));
    }
    return given;
  }

  private static void header(byte[] raw, int length, int type) {
    Bytes.putInt(raw, 0, length);
    Bytes.putInt(raw, 4, SOL_SOCKET);
    Bytes.putInt(raw, 8, type);
  }
}
