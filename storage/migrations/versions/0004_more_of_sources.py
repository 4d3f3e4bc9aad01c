"""Facts of a mention with no field of their own, withdrawals, requests and symptoms, hosts that rest."""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('resting_hosts',
    sa.Column('host', sa.String(length=300), nullable=False),
    sa.Column('until', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('host', name=op.f('pk_resting_hosts'))
    )
    with op.batch_alter_table('mentions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('extra', sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column('withdrawn_at', UtcDateTime(), nullable=True))
    with op.batch_alter_table('fetch_events', schema=None) as batch_op:
        batch_op.add_column(sa.Column('requests', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('symptoms', sa.JSON(none_as_null=True), nullable=True))
