package org.memarium.kernel.vfs;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.NotLinkException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * The number behind an exception of {@code java.nio}. Where the class does not tell, the host's own
 * words for the error do, which the exception carries as its reason.
 */
final class HostErrors {

  private static final Map<String, Integer> BY_WORDS =
      Map.ofEntries(
          Map.entry("Operation not permitted", Errno.EPERM),
          Map.entry("No such device or address", Errno.ENXIO),
          Map.entry("Device or resource busy", Errno.EBUSY),
          Map.entry("Invalid cross-device link", Errno.EXDEV),
          Map.entry("Not a directory", Errno.ENOTDIR),
          Map.entry("Is a directory", Errno.EISDIR),
          Map.entry("Invalid argument", Errno.EINVAL),
          Map.entry("Too many open files in system", Errno.ENFILE),
          Map.entry("Too many open files", Errno.EMFILE),
          Map.entry("Text file busy", Errno.ETXTBSY),
          Map.entry("File too large", Errno.EFBIG),
          Map.entry("No space left on device", Errno.ENOSPC),
          Map.entry("Read-only file system", Errno.EROFS),
          Map.entry("Too many links", Errno.EMLINK),
          Map.entry("Broken pipe", Errno.EPIPE),
          Map.entry("Interrupted system call", Errno.EINTR),
          Map.entry("File name too long", Errno.ENAMETOOLONG),
          Map.entry("Directory not empty", Errno.ENOTEMPTY),
          Map.entry("Too many levels of symbolic links", Errno.ELOOP),
          Map.entry("Operation not supported", Errno.EOPNOTSUPP),
          Map.entry("Disk quota exceeded", Errno.EDQUOT),
          Map.entry("Stale file handle", Errno.ESTALE),
          Map.entry("Permission denied", Errno.EACCES),
          Map.entry("No such file or directory", Errno.ENOENT));

  private HostErrors() {}

  /** The positive number; EIO for what has no other. */
  static int errno(IOException e) {
    return switch (e) {
      case HostFailure failure -> failure.errno();
      case NoSuchFileException _ -> Errno.ENOENT;
      case FileAlreadyExistsException _ -> Errno.EEXIST;
      case DirectoryNotEmptyException _ -> Errno.ENOTEMPTY;
      case AccessDeniedException _ -> Errno.EACCES;
      case NotDirectoryException _ -> Errno.ENOTDIR;
      case FileSystemLoopException _ -> Errno.ELOOP;
      case NotLinkException _ -> Errno.EINVAL;
      case AtomicMoveNotSupportedException _ -> Errno.EXDEV;
      case FileSystemException f -> byWords(f.getReason());
      default -> byWords(e.getMessage());
    };
  }

  /** The exception of this package for one of the host's. */
  static ErrnoException of(IOException e) {
    return new ErrnoException(errno(e));
  }

  private static int byWords(@Nullable String words) {
    if (words == null) {
      return Errno.EIO;
    }
    Integer errno = BY_WORDS.get(words);
    if (errno != null) {
      return errno;
    }
    return words.startsWith("Too many levels of symbolic links") ? Errno.ELOOP : Errno.EIO;
  }
}
