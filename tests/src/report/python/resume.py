

async def resume(name, d, catch=False):
    try:
        value = await d
    except Exception as error:
        events.append(f"{name} resumed with failure {error_name(error)}")
        if not catch:
            raise
    else:
        events.append(f"{name} resumed with {text(value)}")
