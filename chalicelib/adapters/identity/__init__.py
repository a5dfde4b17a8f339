"""Who asks: what tokens and API keys say."""
