package org.memarium.app;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/**
 * Why the host refused, in the words of a shell; the file system's exceptions say only the path.
 */
final class HostError {
  private HostError() {}

  static String of(Throwable refusal) {
    return switch (refusal) {
      case NoSuchFileException _ -> "no such file or folder";
      case AccessDeniedException _ -> "permission denied";
      case FileAlreadyExistsException _ -> "it exists";
      case FileSystemException other when other.getReason() != null -> other.getReason();
      default -> refusal.getMessage() == null ? refusal.toString() : refusal.getMessage();
    };
  }
}
