/**
 * Linux's {@code fs/}: paths, inodes, open files and file descriptors over a view of the host.
 *
 * <pre>
 *   FileCalls      openat, statx, renameat2, ...   one method for each call, over
 *     FdTable      struct files_struct             descriptor -> OpenFile
 *     FsStruct     struct fs_struct                root, working directory, umask
 *     PathWalk     fs/namei.c                      path -> Dentry, component by component
 *       Dentry     struct dentry                   a name in a Directory, and its Inode
 *         Inode    struct inode                    regular file, directory, link, device, pipe
 * </pre>
 *
 * <p>What a program sees is one tree: directories of the host (all of it, or one folder), read as
 * the user may; over them an overlay in memory which takes every change; inside a writable folder
 * the host itself; and {@code /dev} and {@code /proc} of our own. Nothing here lets the host
 * resolve a symbolic link: each component is looked at by itself, so no path leads out of the view.
 *
 * <p>A path or name is a {@link String} each {@code char} of which is one byte (ISO 8859-1), since
 * names on Linux are bytes. {@link org.memarium.kernel.vfs.HostNames} translates at the border.
 *
 * <p>Results are values that are not negative, or {@code -errno} (see {@link
 * org.memarium.mm.Errno}). Inside the package errors travel as {@link
 * org.memarium.kernel.vfs.ErrnoException}.
 */
@NullMarked
package org.memarium.kernel.vfs;

import org.jspecify.annotations.NullMarked;
