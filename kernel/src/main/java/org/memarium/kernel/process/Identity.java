package org.memarium.kernel.process;

import java.util.Arrays;
import org.memarium.kernel.vfs.Credentials;

/**
 * {@code struct cred}: real, effective, saved and file-system user and group, and supplementary
 * groups. Root's effective user has every capability, nobody else has any.
 */
public final class Identity {
  private int uid;
  private int euid;
  private int suid;
  private int fsuid;
  private int gid;
  private int egid;
  private int sgid;
  private int fsgid;
  private int[] groups = {};

  /** All users the same, all groups the same, no supplementary group. */
  public Identity(int uid, int gid) {
    setUsers(uid, uid, uid);
    setGroups(gid, gid, gid);
  }

  /** {@code prepare_creds}: an identity that is the same, and changes by itself. */
  public Identity copy() {
    Identity copy = new Identity(uid, gid);
    copy.setUsers(uid, euid, suid);
    copy.setGroups(gid, egid, sgid);
    copy.fsuid = fsuid;
    copy.fsgid = fsgid;
    copy.groups = groups;
    return copy;
  }

  /** Real user. */
  public int uid() {
    return uid;
  }

  /** Effective user. */
  public int euid() {
    return euid;
  }

  /** Saved user. */
  public int suid() {
    return suid;
  }

  /** User whose rights count for files. */
  public int fsuid() {
    return fsuid;
  }

  /** Real group. */
  public int gid() {
    return gid;
  }

  /** Effective group. */
  public int egid() {
    return egid;
  }

  /** Saved group. */
  public int sgid() {
    return sgid;
  }

  /** Group whose rights count for files. */
  public int fsgid() {
    return fsgid;
  }

  /** Supplementary groups, sorted; a copy. */
  public int[] groups() {
    return groups.clone();
  }

  /** Sets real, effective and saved user; the file-system user follows the effective one. */
  public void setUsers(int real, int effective, int saved) {
    uid = real;
    euid = effective;
    suid = saved;
    fsuid = effective;
  }

  /** Sets real, effective and saved group; the file-system group follows the effective one. */
  public void setGroups(int real, int effective, int saved) {
    gid = real;
    egid = effective;
    sgid = saved;
    fsgid = effective;
  }

  /** Sets the file-system user alone. */
  public void setFsuid(int user) {
    fsuid = user;
  }

  /** Sets the file-system group alone. */
  public void setFsgid(int group) {
    fsgid = group;
  }

  /** Sets the supplementary groups, in any order. */
  public void setSupplementary(int[] list) {
    groups = list.clone();
    Arrays.sort(groups);
  }

  /** Whether the users and groups that rights come from are those of another. */
  boolean hasRightsOf(Identity other) {
    return euid == other.euid && egid == other.egid && fsuid == other.fsuid && fsgid == other.fsgid;
  }

  /** Whether the process may do what takes a capability. */
  public boolean isPrivileged() {
    return euid == 0;
  }

  /** Whether a user is one of the three that a process without privilege may become. */
  public boolean ownsUser(int user) {
    return user == uid || user == euid || user == suid;
  }

  /** Whether a group is one of the three that a process without privilege may become. */
  public boolean ownsGroup(int group) {
    return group == gid || group == egid || group == sgid;
  }

  /** The part that counts for files. */
  public Credentials forFiles() {
    return new Credentials(uid, gid, fsuid, fsgid, groups);
  }
}
