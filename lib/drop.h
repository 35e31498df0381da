/* drop: prove that the privilege which launch dropped before exec is gone for ever. */
#ifndef DROP_H
#define DROP_H

/* Try to become root, to add groups and to leave no_new_privs; die if any of it works or if this is root. */
void drop_verify(void);

#endif
