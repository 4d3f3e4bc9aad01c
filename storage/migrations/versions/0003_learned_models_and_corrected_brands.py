"""Learned models, brands that people correct, and the second language of mixed texts."""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('learned_models',
    sa.Column('id', _KEY, nullable=False),
    sa.Column('language', sa.String(length=40), nullable=False),
    sa.Column('version', sa.String(length=120), nullable=False),
    sa.Column('base', sa.String(length=80), nullable=False),
    sa.Column('lessons', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('figures', sa.JSON(), nullable=False),
    sa.Column('model', sa.LargeBinary(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_learned_models'))
    )
    with op.batch_alter_table('learned_models', schema=None) as batch_op:
        batch_op.create_index('uq_learned_models_in_use', ['language'], unique=True, sqlite_where=sa.text("state = 'in_use'"), postgresql_where=sa.text("state = 'in_use'"))
    with op.batch_alter_table('corrections', schema=None) as batch_op:
        batch_op.add_column(sa.Column('brands', sa.JSON(none_as_null=True), nullable=True))
    with op.batch_alter_table('analyses', schema=None) as batch_op:
        batch_op.add_column(sa.Column('second_language', sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column('second_language_share', sa.Float(), nullable=True))
